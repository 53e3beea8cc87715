package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"strconv"
	"time"
)

const (
	// wakeupWarmUp is how many come first, without a pause: until then the server's code is not compiled, and its heap
	// grows. A server that has had nothing to do yet takes half as long again.
	wakeupWarmUp = 10_000
	wakeupPause  = 5 * time.Millisecond
)

// wakeup prints how long a task takes to a worker that waits for it, nothing else going on: quantiles, as JSON.
func wakeup(target server, samples string) error {
	count, err := strconv.Atoi(samples)
	if err != nil {
		return err
	}
	maker, taker, closeAll, err := pair(context.Background(), target)
	if closeAll != nil {
		defer closeAll()
	}
	if err != nil {
		return err
	}
	var latencies []time.Duration
	for index := range wakeupWarmUp + count {
		if err := taker.ready(1, "GO_WAKEUP"); err != nil {
			return err
		}
		if index >= wakeupWarmUp {
			time.Sleep(wakeupPause)
		}
		sent := time.Now()
		if err := maker.send(maker.task("GO_WAKEUP", `{"bench":true}`)); err != nil {
			return err
		}
		if _, err := taker.tasks(); err != nil {
			return err
		}
		if index >= wakeupWarmUp {
			latencies = append(latencies, time.Since(sent))
		}
		if _, err := maker.acks(1); err != nil {
			return err
		}
	}
	slices.Sort(latencies)
	at := func(quantile float64) float64 {
		return math.Round(latencies[int(float64(len(latencies))*quantile)].Seconds()*1e6) / 1000
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"p50Ms": at(0.5), "p90Ms": at(0.9), "p99Ms": at(0.99), "samples": len(latencies),
	})
}
