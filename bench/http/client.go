// SPDX-License-Identifier: MIT

// The HTTP client with Go's net/http, on one processor.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

var seconds []float64
var mutex sync.Mutex

func cpu() float64 {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return float64(used.Utime.Sec+used.Stime.Sec) + 1e-6*float64(used.Utime.Usec+used.Stime.Usec)
}

func memory(label string) float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(text), "\n") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == label {
			kilobytes, _ := strconv.ParseFloat(fields[1], 64)
			return 1024 * kilobytes
		}
	}
	panic(label)
}

func fetchOne(client *http.Client, url string) {
	begun := time.Now()
	request, err := http.NewRequest("GET", url, nil)
	if err != nil {
		panic(err)
	}
	request.Header.Set("Accept", "*/*")
	request.Header.Set("User-Agent", "bench/1")
	response, err := client.Do(request)
	if err != nil {
		panic(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || response.StatusCode != 200 || len(body) != 13 {
		panic(response.Status)
	}
	mutex.Lock()
	seconds = append(seconds, time.Since(begun).Seconds())
	mutex.Unlock()
}

func fetch(client *http.Client, url string, count, concurrency int) {
	left := make(chan struct{}, count)
	for i := 0; i < count; i++ {
		left <- struct{}{}
	}
	close(left)
	var group sync.WaitGroup
	for i := 0; i < concurrency; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for range left {
				fetchOne(client, url)
			}
		}()
	}
	group.Wait()
}

func main() {
	runtime.GOMAXPROCS(1)
	count, _ := strconv.Atoi(os.Args[2])
	concurrency, _ := strconv.Atoi(os.Args[3])
	limit := syscall.Rlimit{}
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	limit.Cur = limit.Max
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	url := "http://127.0.0.1:" + os.Args[1] + "/"
	client := &http.Client{Timeout: 300 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: concurrency}}
	if count > concurrency {
		warm := count / 10
		if warm < concurrency {
			warm = concurrency
		}
		fetch(client, url, warm, concurrency)
	}
	seconds = nil
	bytes, before := memory("VmRSS:"), cpu()
	fetch(client, url, count, concurrency)
	fmt.Printf("cpu_us %.4f\n", 1e6*(cpu()-before)/float64(count))
	fmt.Printf("bytes %.4f\n", (memory("VmHWM:")-bytes)/float64(concurrency))
	sort.Float64s(seconds)
	for _, percent := range []int{50, 99} {
		fmt.Printf("p%d_us %.1f\n", percent, 1e6*seconds[(count-1)*percent/100])
	}
}
