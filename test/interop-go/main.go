// Interop speaks to a codeq server as clients built on grpc-go do. It prints one line of JSON for each check.
//
//	interop <producer address> <worker address> <token>
//
// With a number of samples behind that it measures instead how long a task takes to a worker that waits.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

const checkTimeout = 30 * time.Second

// check is one thing a client may expect; its name is a sentence.
type check struct {
	name string
	run  func(ctx context.Context, server server) error
}

// report is a line of output.
type report struct {
	Check  string `json:"check"`
	Failed string `json:"failed,omitempty"`
}

func main() {
	if len(os.Args) != 4 && len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: interop <producer address> <worker address> <token> [<samples of a wake-up>]")
		os.Exit(2)
	}
	target := server{producer: os.Args[1], worker: os.Args[2], token: os.Args[3]}
	if len(os.Args) == 5 {
		if err := wakeup(target, os.Args[4]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	lines := json.NewEncoder(os.Stdout)
	for _, one := range append(append(lifeChecks, streamChecks...), loadChecks...) {
		ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
		result := report{Check: one.name}
		if err := one.run(ctx, target); err != nil {
			result.Failed = err.Error()
		}
		cancel()
		if err := lines.Encode(result); err != nil {
			os.Exit(1)
		}
	}
}
