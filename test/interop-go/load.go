package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/grpc"

	"codeq/interop/workerpb"
)

// slots is how many tasks are worked on at a time.
const slots = 512

var loadChecks = []check{
	{"512 slots on one connection: every Ready is answered, every result acknowledged", slotsOnOneConnection},
	{"512 connections with one slot each: every Ready is answered, every result acknowledged", oneSlotEach},
}

// slotsOnOneConnection does what the slots of one stream do: each sends a Ready, waits, and sends the next one.
func slotsOnOneConnection(ctx context.Context, target server) error {
	maker, taker, closeAll, err := pair(ctx, target)
	if closeAll != nil {
		defer closeAll()
	}
	if err != nil {
		return err
	}
	const tasks = 4 * slots
	for range slots {
		if err := taker.ready(1, "GO_SLOTS"); err != nil {
			return err
		}
	}
	creating := make(chan error, 1)
	go func() { creating <- makeMany(maker, "GO_SLOTS", tasks) }()
	delivered := make(map[string]bool, tasks)
	for acknowledged := 0; acknowledged < tasks; {
		event, err := taker.stream.Recv()
		if err != nil {
			return err
		}
		acks := event.GetResultAckBatch().GetAcks()
		if ack := event.GetResultAck(); ack != nil {
			acks = append(acks, ack)
		}
		for _, ack := range acks {
			if !ack.GetOk() {
				return fmt.Errorf("a result is refused: %v", ack)
			}
			acknowledged++
		}
		task := event.GetTask().GetTask()
		if task == nil && len(acks) == 0 {
			return fmt.Errorf("expected a task or acks, got %v", event)
		}
		if task == nil {
			continue
		}
		if delivered[task.GetId()] {
			return fmt.Errorf("task %s came twice", task.GetId())
		}
		delivered[task.GetId()] = true
		if err := errors.Join(taker.result(completed(task)), taker.ready(1, "GO_SLOTS")); err != nil {
			return err
		}
	}
	return <-creating
}

func completed(task *workerpb.Task) *workerpb.Result {
	return &workerpb.Result{TaskId: task.GetId(), Status: "COMPLETED", ResultJson: []byte(`{}`)}
}

func makeMany(maker *producer, command string, count int) error {
	payloads := make([]string, 64)
	for i := range payloads {
		payloads[i] = `{"n":1}`
	}
	for made := 0; made < count; made += len(payloads) {
		if _, err := maker.create(command, payloads...); err != nil {
			return err
		}
	}
	return nil
}

func oneSlotEach(ctx context.Context, target server) error {
	conn, err := dial(target.producer)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	maker, err := newProducer(ctx, conn, target.token)
	if err != nil {
		return err
	}
	takers := make([]*worker, slots)
	conns := make([]*grpc.ClientConn, slots)
	defer func() {
		for _, one := range conns {
			if one != nil {
				_ = one.Close()
			}
		}
	}()
	for i := range takers {
		if conns[i], err = dial(target.worker); err != nil {
			return err
		}
		if takers[i], err = newWorker(ctx, conns[i], target.token, fmt.Sprintf("go-%d", i)); err != nil {
			return err
		}
		if err := takers[i].ready(1, "GO_EACH"); err != nil {
			return err
		}
	}
	if err := makeMany(maker, "GO_EACH", slots); err != nil {
		return err
	}
	failures := make([]error, slots)
	var working sync.WaitGroup
	for i, taker := range takers {
		working.Go(func() {
			tasks, err := taker.tasks()
			if err == nil {
				err = complete(taker, tasks[0].GetId(), `{}`)
			}
			failures[i] = err
		})
	}
	working.Wait()
	return errors.Join(failures...)
}
