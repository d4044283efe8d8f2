// Two goroutines hand each other a value over unbuffered channels. Prints
// nanoseconds a message, batch by batch, as JSON.
package main

import (
	"encoding/json"
	"os"
	"time"
)

func batch(roundTrips int) float64 {
	pings, pongs := make(chan int), make(chan int)
	start := time.Now()
	go func() {
		for i := 0; i < roundTrips; i++ {
			pongs <- <-pings + 1
		}
	}()
	value := 0
	for i := 0; i < roundTrips; i++ {
		pings <- value
		value = <-pongs
	}
	if value != roundTrips {
		panic("a message was lost")
	}
	return float64(time.Since(start).Nanoseconds()) / float64(2*roundTrips)
}

func main() {
	roundTrips, batches := 50_000, 20
	if len(os.Args) > 1 {
		roundTrips, batches = 1000, 1
	}
	samples := []float64{}
	for i := 0; i < batches; i++ {
		samples = append(samples, batch(roundTrips))
	}
	json.NewEncoder(os.Stdout).Encode(map[string][]float64{"message": samples})
}
