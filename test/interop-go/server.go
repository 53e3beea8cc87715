package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"codeq/interop/producerpb"
	"codeq/interop/workerpb"
)

// server is where one listens, and a token for it.
type server struct {
	producer string
	worker   string
	token    string
}

func dial(address string) (*grpc.ClientConn, error) {
	// As the clients there are do it: nothing but the address and no TLS.
	return grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
}

// producer is a greeted stream that numbers its tasks from 1.
type producer struct {
	stream   grpc.BidiStreamingClient[producerpb.ProducerEvent, producerpb.ServerEvent]
	greeting *producerpb.HelloAck
	seq      uint64
}

func newProducer(ctx context.Context, conn *grpc.ClientConn, token string) (*producer, error) {
	stream, err := producerpb.NewProducerStreamClient(conn).Stream(ctx)
	if err != nil {
		return nil, err
	}
	hello := &producerpb.ProducerEvent{Event: &producerpb.ProducerEvent_Hello{Hello: &producerpb.Hello{Token: token}}}
	if err := stream.Send(hello); err != nil {
		return nil, err
	}
	event, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	greeting := event.GetHelloAck()
	if greeting == nil {
		return nil, fmt.Errorf("the first message is %v, not a HelloAck", event)
	}
	return &producer{stream: stream, greeting: greeting}, nil
}

func (p *producer) task(command, payload string) *producerpb.CreateTask {
	p.seq++
	return &producerpb.CreateTask{Seq: p.seq, Command: command, Payload: []byte(payload)}
}

func (p *producer) send(task *producerpb.CreateTask) error {
	return p.stream.Send(&producerpb.ProducerEvent{Event: &producerpb.ProducerEvent_Create{Create: task}})
}

func (p *producer) sendBatch(tasks []*producerpb.CreateTask) error {
	batch := &producerpb.CreateTaskBatch{Tasks: tasks}
	return p.stream.Send(&producerpb.ProducerEvent{Event: &producerpb.ProducerEvent_CreateBatch{CreateBatch: batch}})
}

// acks reads until so many have come, and returns them by seq. Each seq may be acknowledged once.
func (p *producer) acks(count int) (map[uint64]*producerpb.CreateAck, error) {
	found := make(map[uint64]*producerpb.CreateAck, count)
	for len(found) < count {
		event, err := p.stream.Recv()
		if err != nil {
			return nil, err
		}
		acks := event.GetCreateAckBatch().GetAcks()
		if ack := event.GetCreateAck(); ack != nil {
			acks = append(acks, ack)
		}
		if len(acks) == 0 {
			return nil, fmt.Errorf("expected acks, got %v", event)
		}
		for _, ack := range acks {
			if found[ack.GetSeq()] != nil {
				return nil, fmt.Errorf("seq %d is acknowledged twice", ack.GetSeq())
			}
			found[ack.GetSeq()] = ack
		}
	}
	return found, nil
}

// create makes tasks of one command in batches and returns their ids.
func (p *producer) create(command string, payloads ...string) ([]string, error) {
	tasks := make([]*producerpb.CreateTask, len(payloads))
	for i, payload := range payloads {
		tasks[i] = p.task(command, payload)
	}
	if err := p.sendBatch(tasks); err != nil {
		return nil, err
	}
	acks, err := p.acks(len(tasks))
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(tasks))
	for i, task := range tasks {
		ack := acks[task.GetSeq()]
		if !ack.GetOk() || ack.GetTaskId() == "" {
			return nil, fmt.Errorf("task %d is refused: %v", task.GetSeq(), ack)
		}
		ids[i] = ack.GetTaskId()
	}
	return ids, nil
}

// worker is a greeted stream.
type worker struct {
	stream   grpc.BidiStreamingClient[workerpb.WorkerEvent, workerpb.ServerEvent]
	greeting *workerpb.HelloAck
}

func newWorker(ctx context.Context, conn *grpc.ClientConn, token, id string) (*worker, error) {
	stream, err := workerpb.NewWorkerStreamClient(conn).Stream(ctx)
	if err != nil {
		return nil, err
	}
	hello := &workerpb.Hello{Token: token, WorkerId: id}
	if err := stream.Send(&workerpb.WorkerEvent{Event: &workerpb.WorkerEvent_Hello{Hello: hello}}); err != nil {
		return nil, err
	}
	event, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	greeting := event.GetHelloAck()
	if greeting == nil {
		return nil, fmt.Errorf("the first message is %v, not a HelloAck", event)
	}
	return &worker{stream: stream, greeting: greeting}, nil
}

func (w *worker) ready(count int32, commands ...string) error {
	ready := &workerpb.Ready{Commands: commands, Count: count}
	return w.stream.Send(&workerpb.WorkerEvent{Event: &workerpb.WorkerEvent_Ready{Ready: ready}})
}

// tasks is what answers a Ready, whether as one task or as a batch. An empty batch is an error.
func (w *worker) tasks() ([]*workerpb.Task, error) {
	event, err := w.stream.Recv()
	if err != nil {
		return nil, err
	}
	if task := event.GetTask().GetTask(); task != nil {
		return []*workerpb.Task{task}, nil
	}
	if tasks := event.GetTaskBatch().GetTasks(); len(tasks) > 0 {
		return tasks, nil
	}
	return nil, fmt.Errorf("expected tasks, got %v", event)
}

func (w *worker) result(result *workerpb.Result) error {
	return w.stream.Send(&workerpb.WorkerEvent{Event: &workerpb.WorkerEvent_Result{Result: result}})
}

// resultAcks reads until so many have come, by task id.
func (w *worker) resultAcks(count int) (map[string]*workerpb.ResultAck, error) {
	found := make(map[string]*workerpb.ResultAck, count)
	for len(found) < count {
		event, err := w.stream.Recv()
		if err != nil {
			return nil, err
		}
		acks := event.GetResultAckBatch().GetAcks()
		if ack := event.GetResultAck(); ack != nil {
			acks = append(acks, ack)
		}
		if len(acks) == 0 {
			return nil, fmt.Errorf("expected result acks, got %v", event)
		}
		for _, ack := range acks {
			found[ack.GetTaskId()] = ack
		}
	}
	return found, nil
}
