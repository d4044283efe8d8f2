// A tree of goroutines that sums its leaves over channels. Prints seconds for the
// whole tree, as JSON.
package main

import (
	"encoding/json"
	"os"
	"time"
)

const children = 10

func node(parent chan int, first, leaves int) {
	if leaves == 1 {
		parent <- first
		return
	}
	results := make(chan int)
	part := leaves / children
	for i := 0; i < children; i++ {
		go node(results, first+i*part, part)
	}
	sum := 0
	for i := 0; i < children; i++ {
		sum += <-results
	}
	parent <- sum
}

func main() {
	leaves, repeats := 1_000_000, 3
	if len(os.Args) > 1 {
		leaves, repeats = 10_000, 1
	}
	samples := []float64{}
	for i := 0; i < repeats; i++ {
		start := time.Now()
		result := make(chan int)
		go node(result, 0, leaves)
		if <-result != leaves*(leaves-1)/2 {
			panic("wrong sum")
		}
		samples = append(samples, time.Since(start).Seconds())
	}
	json.NewEncoder(os.Stdout).Encode(map[string][]float64{"whole tree": samples})
}
