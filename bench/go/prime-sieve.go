// A chain of goroutines, each passing on what its prime does not divide. Prints
// milliseconds for a thousand primes, as JSON.
package main

import (
	"encoding/json"
	"os"
	"time"
)

// Blocked goroutines are never collected, so each sieve is told when it is done.
func sieve(primes int) int {
	done := make(chan struct{})
	defer close(done)
	numbers := make(chan int)
	go func(out chan int) {
		for number := 2; ; number++ {
			select {
			case out <- number:
			case <-done:
				return
			}
		}
	}(numbers)
	prime := 0
	for i := 0; i < primes; i++ {
		prime = <-numbers
		rest := make(chan int)
		go func(in, out chan int, divisor int) {
			for {
				var number int
				select {
				case number = <-in:
				case <-done:
					return
				}
				if number%divisor == 0 {
					continue
				}
				select {
				case out <- number:
				case <-done:
					return
				}
			}
		}(numbers, rest, prime)
		numbers = rest
	}
	return prime
}

func main() {
	primes, expected, repeats := 1000, 7919, 3
	if len(os.Args) > 1 {
		primes, expected, repeats = 50, 229, 1
	}
	samples := []float64{}
	for i := 0; i < repeats; i++ {
		start := time.Now()
		if sieve(primes) != expected {
			panic("wrong prime")
		}
		samples = append(samples, float64(time.Since(start).Microseconds())/1000)
	}
	json.NewEncoder(os.Stdout).Encode(map[string][]float64{"sieve": samples})
}
