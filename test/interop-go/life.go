package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"

	"codeq/interop/workerpb"
)

var lifeChecks = []check{
	{"a single create is acknowledged, delivered with all its fields, and its result acknowledged", singleLife},
	{"a batch is created, delivered as a batch, and its results acknowledged as a batch in order", batchLife},
	{"COMPLETED without a result is accepted", emptyResult},
	{"FAILED, nack and abandon are acknowledged, and tasks nacked with a delay of 0 or abandoned come again", otherEnds},
	{"a nack without a delay is acknowledged, and leaves the delay to the server", nackWithoutDelay},
	{"a heartbeat is acknowledged, also on a task that is not ours, with an error", heartbeats},
	{"a producer that closes its side gets the acks of everything it sent, then the end", producerClose},
}

// pair is a producer and a worker, each on a connection of its own.
func pair(ctx context.Context, target server) (*producer, *worker, func(), error) {
	producerConn, err := dial(target.producer)
	if err != nil {
		return nil, nil, nil, err
	}
	workerConn, err := dial(target.worker)
	if err != nil {
		return nil, nil, nil, err
	}
	closeAll := func() { _ = errors.Join(producerConn.Close(), workerConn.Close()) }
	maker, err := newProducer(ctx, producerConn, target.token)
	if err != nil {
		return nil, nil, closeAll, err
	}
	taker, err := newWorker(ctx, workerConn, target.token, "go-worker")
	return maker, taker, closeAll, err
}

// withPair runs a check that needs both sides.
func withPair(run func(maker *producer, taker *worker) error) func(context.Context, server) error {
	return func(ctx context.Context, target server) error {
		maker, taker, closeAll, err := pair(ctx, target)
		if closeAll != nil {
			defer closeAll()
		}
		if err != nil {
			return err
		}
		return run(maker, taker)
	}
}

var singleLife = withPair(func(maker *producer, taker *worker) error {
	if maker.greeting.GetTenantId() == "" || maker.greeting.GetSubject() == "" {
		return fmt.Errorf("the producer's greeting lacks something: %v", maker.greeting)
	}
	if taker.greeting.GetTenantId() == "" || taker.greeting.GetWorkerId() != "go-worker" {
		return fmt.Errorf("the worker's greeting is %v", taker.greeting)
	}
	const payload = `{"z": 1, "a":12345678901234567890}`
	task := maker.task("GoSingle", payload)
	task.Priority = 3
	task.Webhook = "http://127.0.0.1:9/never"
	task.MaxAttempts = 4
	if err := maker.send(task); err != nil {
		return err
	}
	acks, err := maker.acks(1)
	if err != nil {
		return err
	}
	id := acks[1].GetTaskId()
	if err := taker.ready(1, "gosingle"); err != nil {
		return err
	}
	tasks, err := taker.tasks()
	if err != nil {
		return err
	}
	got := tasks[0]
	if got.GetId() != id || got.GetCommand() != "GoSingle" || string(got.GetPayload()) != payload ||
		got.GetPriority() != 3 || got.GetAttempts() != 1 || got.GetMaxAttempts() != 4 || got.GetLeaseUntil() == "" ||
		got.GetTenantId() != maker.greeting.GetTenantId() || got.GetWebhook() == "" || got.GetCreatedAt() == nil {
		return fmt.Errorf("the task came as %v", got)
	}
	return complete(taker, id, `{"ok":true}`)
})

func complete(taker *worker, id, result string) error {
	if err := taker.result(&workerpb.Result{TaskId: id, Status: "COMPLETED", ResultJson: []byte(result)}); err != nil {
		return err
	}
	acks, err := taker.resultAcks(1)
	if err != nil {
		return err
	}
	if !acks[id].GetOk() {
		return fmt.Errorf("the result is refused: %v", acks)
	}
	return nil
}

var batchLife = withPair(func(maker *producer, taker *worker) error {
	ids, err := maker.create("GO_BATCH", "1", "2", "3")
	if err != nil {
		return err
	}
	if err := taker.ready(10, "GO_BATCH"); err != nil {
		return err
	}
	tasks, err := taker.tasks()
	if err != nil {
		return err
	}
	if len(tasks) != len(ids) {
		return fmt.Errorf("%d tasks came in the batch, not %d", len(tasks), len(ids))
	}
	batch := &workerpb.ResultBatch{}
	for _, task := range tasks {
		batch.Results = append(batch.Results, &workerpb.Result{TaskId: task.GetId(), Status: "COMPLETED", ResultJson: []byte(`{}`)})
	}
	if err := taker.stream.Send(&workerpb.WorkerEvent{Event: &workerpb.WorkerEvent_ResultBatch{ResultBatch: batch}}); err != nil {
		return err
	}
	event, err := taker.stream.Recv()
	if err != nil {
		return err
	}
	acks := event.GetResultAckBatch().GetAcks()
	if len(acks) != len(tasks) {
		return fmt.Errorf("the results are answered by %v", event)
	}
	for i, ack := range acks {
		if !ack.GetOk() || ack.GetTaskId() != tasks[i].GetId() {
			return fmt.Errorf("result %d is answered by %v", i, ack)
		}
	}
	return nil
})

var emptyResult = withPair(func(maker *producer, taker *worker) error {
	ids, err := maker.create("GO_EMPTY", "0")
	if err != nil {
		return err
	}
	if err := taker.ready(1, "GO_EMPTY"); err != nil {
		return err
	}
	if _, err := taker.tasks(); err != nil {
		return err
	}
	return complete(taker, ids[0], "")
})

var otherEnds = withPair(func(maker *producer, taker *worker) error {
	ids, err := maker.create("GO_ENDS", "0", "1", "2")
	if err != nil {
		return err
	}
	if err := taker.ready(10, "GO_ENDS"); err != nil {
		return err
	}
	if _, err := taker.tasks(); err != nil {
		return err
	}
	if err := taker.result(&workerpb.Result{TaskId: ids[0], Status: "FAILED", Error: "no luck"}); err != nil {
		return err
	}
	if acks, err := taker.resultAcks(1); err != nil || !acks[ids[0]].GetOk() {
		return errors.Join(err, fmt.Errorf("the failure is answered by %v", acks))
	}
	zero := int32(0)
	nack := &workerpb.Nack{TaskId: ids[1], DelaySeconds: &zero, Reason: "again"}
	event, err := ask(taker, &workerpb.WorkerEvent{Event: &workerpb.WorkerEvent_Nack{Nack: nack}})
	if ack := event.GetNackAck(); err != nil || !ack.GetOk() || ack.GetAppliedDelaySeconds() != 0 || ack.GetDlq() {
		return errors.Join(err, fmt.Errorf("the nack is answered by %v", event))
	}
	abandon := &workerpb.Abandon{TaskId: ids[2]}
	event, err = ask(taker, &workerpb.WorkerEvent{Event: &workerpb.WorkerEvent_Abandon{Abandon: abandon}})
	if err != nil || !event.GetAbandonAck().GetOk() {
		return errors.Join(err, fmt.Errorf("the abandon is answered by %v", event))
	}
	if err := taker.ready(10, "GO_ENDS"); err != nil {
		return err
	}
	again, err := taker.tasks()
	if err != nil {
		return err
	}
	if len(again) != 2 || again[0].GetAttempts() != 2 || again[1].GetAttempts() != 2 {
		return fmt.Errorf("%d tasks came again: %v", len(again), again)
	}
	return errors.Join(complete(taker, ids[1], ""), complete(taker, ids[2], ""))
})

var nackWithoutDelay = withPair(func(maker *producer, taker *worker) error {
	ids, err := maker.create("GO_NACK", "0")
	if err != nil {
		return err
	}
	if err := taker.ready(1, "GO_NACK"); err != nil {
		return err
	}
	if _, err := taker.tasks(); err != nil {
		return err
	}
	nack := &workerpb.Nack{TaskId: ids[0]}
	event, err := ask(taker, &workerpb.WorkerEvent{Event: &workerpb.WorkerEvent_Nack{Nack: nack}})
	if ack := event.GetNackAck(); err != nil || !ack.GetOk() {
		return errors.Join(err, fmt.Errorf("the nack is answered by %v", event))
	}
	return nil
})

var heartbeats = withPair(func(maker *producer, taker *worker) error {
	ids, err := maker.create("GO_BEAT", "0")
	if err != nil {
		return err
	}
	if err := taker.ready(1, "GO_BEAT"); err != nil {
		return err
	}
	if _, err := taker.tasks(); err != nil {
		return err
	}
	beat := &workerpb.Heartbeat{TaskId: ids[0], ExtendSeconds: 60}
	event, err := ask(taker, &workerpb.WorkerEvent{Event: &workerpb.WorkerEvent_Heartbeat{Heartbeat: beat}})
	if err != nil || !event.GetHeartbeatAck().GetOk() {
		return errors.Join(err, fmt.Errorf("the heartbeat is answered by %v", event))
	}
	if err := complete(taker, ids[0], ""); err != nil {
		return err
	}
	event, err = ask(taker, &workerpb.WorkerEvent{Event: &workerpb.WorkerEvent_Heartbeat{Heartbeat: beat}})
	if ack := event.GetHeartbeatAck(); err != nil || ack.GetOk() || ack.GetErrorMessage() == "" {
		return errors.Join(err, fmt.Errorf("a heartbeat too late is answered by %v", event))
	}
	return nil
})

// ask sends something and returns what comes next.
func ask(taker *worker, event *workerpb.WorkerEvent) (*workerpb.ServerEvent, error) {
	if err := taker.stream.Send(event); err != nil {
		return nil, err
	}
	return taker.stream.Recv()
}

func producerClose(ctx context.Context, target server) error {
	conn, err := dial(target.producer)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	maker, err := newProducer(ctx, conn, target.token)
	if err != nil {
		return err
	}
	const count = 100
	for range count {
		if err := maker.send(maker.task("GO_CLOSE", "0")); err != nil {
			return err
		}
	}
	if err := maker.stream.CloseSend(); err != nil {
		return err
	}
	if _, err := maker.acks(count); err != nil {
		return err
	}
	return ended(maker.stream)
}

// ended waits for the server to end a stream in peace.
func ended[Out, In any](stream grpc.BidiStreamingClient[Out, In]) error {
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("the stream ends with %v", err)
	}
	return nil
}
