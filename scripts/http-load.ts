import type { Socket } from "bun";

/** What a connection sends next, given the answer to what it sent before; undefined when it has had enough. */
export type Script = (answer: Answer | undefined) => Request | undefined;

export interface Request {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** JSON text. */
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * One keep-alive HTTP/1.1 connection that sends one request after the other, written by hand so that the load generator
 * takes as little as possible of the cores it shares with the server. Resolves when its script has had enough.
 * @throws Error when the server closes the connection or answers what is not HTTP
 */
export async function drive(port: number, token: string, script: Script): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let received = "";
  const send = (socket: Socket, request: Request | undefined): void => {
    if (request === undefined) {
      // First, since ending the socket tells of its close at once.
      resolve();
      socket.end();
      return;
    }
    // Bodies here are ASCII, so that length in characters is length in bytes.
    socket.write(
      `${request.method} ${request.path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n` +
        `content-type: application/json\r\ncontent-length: ${request.body.length}\r\n\r\n${request.body}`,
    );
  };
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    socket: {
      data(open, bytes) {
        received += bytes.toString("latin1");
        const answer = completeAnswer(received);
        if (answer === undefined) return;
        received = "";
        send(open, script(answer));
      },
      close: () => reject(new Error("the server closed the connection")),
      error: (_, error) => reject(error),
    },
  });
  send(socket, script(undefined));
  await promise;
}

/** The answer once all of it is there: one request at a time, so nothing follows it. */
function completeAnswer(received: string): Answer | undefined {
  const head = received.indexOf("\r\n\r\n");
  if (head === -1) return undefined;
  const status = Number(received.slice(9, 12));
  if (Number.isNaN(status)) throw new Error(`not an HTTP answer: ${received.slice(0, 80)}`);
  const lengthAt = received.toLowerCase().indexOf("content-length: ");
  const length = lengthAt === -1 || lengthAt > head ? 0 : Number.parseInt(received.slice(lengthAt + 16), 10);
  if (received.length < head + 4 + length) return undefined;
  return { status, body: received.slice(head + 4) };
}
