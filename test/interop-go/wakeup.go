package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"time"

	"codeq/interop/workerpb"
)

const (
	// wakeupWarmUp is how many come first, without a pause: until then the server's code is not compiled, and its heap
	// grows. A server that has had nothing to do yet takes half as long again.
	wakeupWarmUp = 30_000
	wakeupPause  = 5 * time.Millisecond
)

// wakeup prints how long a task takes to a worker that waits for it, nothing else going on: quantiles, as JSON. It uses one
// core, and so leaves the server one of two.
func wakeup(target server, samples string) error {
	runtime.GOMAXPROCS(1)
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
		warm := index >= wakeupWarmUp
		latency, err := wakeupOnce(maker, taker, warm)
		if err != nil {
			return err
		}
		if warm {
			latencies = append(latencies, latency)
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

// wakeupOnce sees a task through its life, and returns how long it took from create to delivery.
func wakeupOnce(maker *producer, taker *worker, pause bool) (time.Duration, error) {
	if err := taker.ready(1, "GO_WAKEUP"); err != nil {
		return 0, err
	}
	if pause {
		time.Sleep(wakeupPause)
	}
	sent := time.Now()
	if err := maker.send(maker.task("GO_WAKEUP", `{"bench":true}`)); err != nil {
		return 0, err
	}
	tasks, err := taker.tasks()
	if err != nil {
		return 0, err
	}
	latency := time.Since(sent)
	if _, err := maker.acks(1); err != nil {
		return 0, err
	}
	result := &workerpb.Result{TaskId: tasks[0].GetId(), Status: "COMPLETED", ResultJson: []byte(`{}`)}
	if err := taker.result(result); err != nil {
		return 0, err
	}
	acks, err := taker.resultAcks(1)
	if err == nil && !acks[result.TaskId].GetOk() {
		err = fmt.Errorf("the result is answered by %v", acks)
	}
	return latency, err
}
