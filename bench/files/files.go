// SPDX-License-Identifier: MIT

// Reading many small files with Go, 64 at a time, on one processor.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

func readAll(folder string, n int) {
	var readers sync.WaitGroup
	for first := 0; first < 64; first++ {
		readers.Add(1)
		go func(first int) {
			defer readers.Done()
			for i := first; i < n; i += 64 {
				bytes, err := os.ReadFile(folder + "/" + strconv.Itoa(i))
				if err != nil || len(bytes) != 4096 {
					panic(err)
				}
			}
		}(first)
	}
	readers.Wait()
}

func main() {
	runtime.GOMAXPROCS(1)
	n, _ := strconv.Atoi(os.Args[2])
	readAll(os.Args[1], n)
	start := time.Now()
	readAll(os.Args[1], n)
	fmt.Printf("us %.4f\n", time.Since(start).Seconds()/float64(n)*1e6)
}
