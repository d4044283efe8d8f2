// Two goroutines hand each other numbers through a buffered channel, each on a thread
// of its own. Prints nanoseconds a message, batch by batch, as JSON.
package main

import (
	"encoding/json"
	"os"
	"runtime"
	"time"
)

func batch(count int) float64 {
	numbers := make(chan int32, 1024)
	sums := make(chan int)
	start := time.Now()
	go func() {
		runtime.LockOSThread()
		sum := 0
		for i := 0; i < count; i++ {
			sum += int(<-numbers)
		}
		sums <- sum
	}()
	for i := 0; i < count; i++ {
		numbers <- int32(i)
	}
	if <-sums != count*(count-1)/2 {
		panic("a message was lost")
	}
	return float64(time.Since(start).Nanoseconds()) / float64(count)
}

func main() {
	runtime.LockOSThread()
	count, batches := 1_000_000, 8
	if len(os.Args) > 1 {
		count, batches = 10_000, 1
	}
	samples := []float64{}
	for i := 0; i < batches; i++ {
		samples = append(samples, batch(count))
	}
	json.NewEncoder(os.Stdout).Encode(map[string][]float64{"message": samples})
}
