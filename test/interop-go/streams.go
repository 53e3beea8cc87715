package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"codeq/interop/producerpb"
	"codeq/interop/workerpb"
)

var streamChecks = []check{
	{"a bad token ends the stream before any message, with UNAUTHENTICATED", badToken},
	{"a refused task is acknowledged with a text, and the stream goes on", refusedTask},
	{"an idempotency key yields the first task again", idempotency},
	{"an empty batch of creates is answered by an empty batch of acks", emptyCreates},
	{"an empty batch of results is answered by an empty batch of acks", emptyResults},
	{"a Ready for nothing but blank commands gets a ServerError, and the stream goes on", refusedReady},
	{"a message over the limit ends the stream with RESOURCE_EXHAUSTED, others live on", oversized},
	{"one connection hosts several streams, one after the other and at the same time", severalStreams},
	{"a worker that leaves by cancelling gives its waiting Readys up, and others get the tasks", cancelled},
	{"the health service says SERVING on both ports", health},
}

func badToken(ctx context.Context, target server) error {
	makerConn, err := dial(target.producer)
	if err != nil {
		return err
	}
	defer func() { _ = makerConn.Close() }()
	if _, err := newProducer(ctx, makerConn, "wrong"); status.Code(err) != codes.Unauthenticated {
		return fmt.Errorf("a producer is told %v", err)
	}
	takerConn, err := dial(target.worker)
	if err != nil {
		return err
	}
	defer func() { _ = takerConn.Close() }()
	if _, err := newWorker(ctx, takerConn, "", "w"); status.Code(err) != codes.Unauthenticated {
		return fmt.Errorf("a worker is told %v", err)
	}
	return nil
}

var refusedTask = withPair(func(maker *producer, _ *worker) error {
	if err := maker.send(maker.task("GO_BAD", "not json")); err != nil {
		return err
	}
	if err := maker.send(maker.task(" ", "1")); err != nil {
		return err
	}
	acks, err := maker.acks(2)
	if err != nil {
		return err
	}
	for seq := uint64(1); seq <= 2; seq++ {
		if ack := acks[seq]; ack.GetOk() || ack.GetErrorMessage() == "" || ack.GetTaskId() != "" {
			return fmt.Errorf("the refusal is %v", ack)
		}
	}
	_, err = maker.create("GO_GOOD", "1")
	return err
})

var idempotency = withPair(func(maker *producer, _ *worker) error {
	for range 2 {
		task := maker.task("GO_KEY", "1")
		task.IdempotencyKey = "the key"
		if err := maker.send(task); err != nil {
			return err
		}
	}
	acks, err := maker.acks(2)
	if err != nil {
		return err
	}
	if !acks[1].GetOk() || !acks[2].GetOk() || acks[1].GetTaskId() != acks[2].GetTaskId() {
		return fmt.Errorf("the tasks are %v", acks)
	}
	return nil
})

var emptyCreates = withPair(func(maker *producer, _ *worker) error {
	if err := maker.sendBatch(nil); err != nil {
		return err
	}
	event, err := maker.stream.Recv()
	if batch := event.GetCreateAckBatch(); err != nil || batch == nil || len(batch.GetAcks()) > 0 {
		return errors.Join(err, fmt.Errorf("the answer is %v", event))
	}
	return nil
})

var emptyResults = withPair(func(_ *producer, taker *worker) error {
	batch := &workerpb.WorkerEvent_ResultBatch{ResultBatch: &workerpb.ResultBatch{}}
	event, err := ask(taker, &workerpb.WorkerEvent{Event: batch})
	if acks := event.GetResultAckBatch(); err != nil || acks == nil || len(acks.GetAcks()) > 0 {
		return errors.Join(err, fmt.Errorf("the answer is %v", event))
	}
	return nil
})

var refusedReady = withPair(func(maker *producer, taker *worker) error {
	if err := taker.ready(1, "  "); err != nil {
		return err
	}
	event, err := taker.stream.Recv()
	if refusal := event.GetError(); err != nil || refusal.GetCode() == "" || refusal.GetMessage() == "" {
		return errors.Join(err, fmt.Errorf("the answer is %v", event))
	}
	ids, err := maker.create("GO_AFTER_REFUSAL", "1")
	if err != nil {
		return err
	}
	if err := taker.ready(1, "GO_AFTER_REFUSAL"); err != nil {
		return err
	}
	tasks, err := taker.tasks()
	if err != nil {
		return err
	}
	if tasks[0].GetId() != ids[0] {
		return fmt.Errorf("the task is %v", tasks)
	}
	return complete(taker, ids[0], "")
})

func oversized(ctx context.Context, target server) error {
	conn, err := dial(target.producer)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	maker, err := newProducer(ctx, conn, target.token)
	if err != nil {
		return err
	}
	other, err := newProducer(ctx, conn, target.token)
	if err != nil {
		return err
	}
	huge := maker.task("GO_HUGE", `"`+strings.Repeat("x", 5<<20)+`"`)
	if err := maker.send(huge); err != nil {
		return err
	}
	if _, err := maker.stream.Recv(); status.Code(err) != codes.ResourceExhausted {
		return fmt.Errorf("the stream ends with %v", err)
	}
	_, err = other.create("GO_BESIDE_HUGE", "1")
	return err
}

func severalStreams(ctx context.Context, target server) error {
	conn, err := dial(target.producer)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for range 3 {
		makers := make([]*producer, 5)
		for i := range makers {
			if makers[i], err = newProducer(ctx, conn, target.token); err != nil {
				return err
			}
		}
		for _, maker := range makers {
			if _, err := maker.create("GO_SHARED", "1", "2"); err != nil {
				return err
			}
			if err := maker.stream.CloseSend(); err != nil {
				return err
			}
			if err := ended[producerpb.ProducerEvent, producerpb.ServerEvent](maker.stream); err != nil {
				return err
			}
		}
	}
	return nil
}

func cancelled(ctx context.Context, target server) error {
	maker, stayer, closeAll, err := pair(ctx, target)
	if closeAll != nil {
		defer closeAll()
	}
	if err != nil {
		return err
	}
	conn, err := dial(target.worker)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	leaving, leave := context.WithCancel(ctx)
	leaver, err := newWorker(leaving, conn, target.token, "go-leaver")
	if err != nil {
		leave()
		return err
	}
	for range 100 {
		if err := leaver.ready(10, "GO_LEFT"); err != nil {
			leave()
			return err
		}
	}
	leave()
	if _, err := leaver.stream.Recv(); status.Code(err) != codes.Canceled {
		return fmt.Errorf("the cancelled stream ends with %v", err)
	}
	// What follows on the same connection is read after the cancellation.
	if _, err := newWorker(ctx, conn, target.token, "go-follower"); err != nil {
		return err
	}
	ids, err := maker.create("GO_LEFT", "1", "2", "3")
	if err != nil {
		return err
	}
	if err := stayer.ready(10, "GO_LEFT"); err != nil {
		return err
	}
	tasks, err := stayer.tasks()
	if err != nil {
		return err
	}
	if len(tasks) != len(ids) || tasks[0].GetAttempts() != 1 {
		return fmt.Errorf("the one who stays gets %v", tasks)
	}
	return nil
}

func health(ctx context.Context, target server) error {
	for _, address := range []string{target.producer, target.worker} {
		conn, err := dial(address)
		if err != nil {
			return err
		}
		answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
		_ = conn.Close()
		if err != nil || answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			return errors.Join(err, fmt.Errorf("%s says %v", address, answer))
		}
	}
	return nil
}
