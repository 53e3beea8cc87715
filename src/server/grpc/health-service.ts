import {
  type MethodDefinition,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthListRequest,
  HealthListResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from "../../../proto/generated/health.ts";
import type { Schedule } from "../duty-loop.ts";

export interface HealthOptions {
  /** Full names of the services there are. */
  readonly services: readonly string[];
  readonly serving: () => boolean;
  readonly schedule: Schedule;
}

type Check = ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>;
type List = ServerUnaryCall<HealthListRequest, HealthListResponse>;
type Watcher = ServerWritableStream<HealthCheckRequest, HealthCheckResponse>;

const LOOK_MS = 1000;
const WATCHERS_MAX = 256;

/** gRPC's health checking protocol. Needs no token. */
export class HealthService {
  readonly #options: HealthOptions;
  /** What each was told last. */
  readonly #watchers = new Map<Watcher, ServingStatus>();
  #cancelLook: (() => void) | undefined;

  constructor(options: HealthOptions) {
    this.#options = options;
  }

  get implementation(): UntypedServiceImplementation {
    return {
      check: (call: Check, callback: sendUnaryData<HealthCheckResponse>) => this.#check(call, callback),
      list: (_: List, callback: sendUnaryData<HealthListResponse>) => this.#list(callback),
      watch: (call: Watcher) => this.#watch(call),
    };
  }

  /** Tells the watchers, if it changed, and ends their streams when the server goes. */
  retire(): void {
    this.#look();
    this.#cancelLook?.();
    for (const watcher of this.#watchers.keys()) watcher.end();
    this.#watchers.clear();
  }

  #check({ request }: Check, callback: sendUnaryData<HealthCheckResponse>): void {
    const now = this.#statusOf(request.service);
    if (now !== ServingStatus.SERVICE_UNKNOWN) callback(null, { status: now });
    else callback({ code: status.NOT_FOUND, details: `no service ${JSON.stringify(request.service.slice(0, 100))}` });
  }

  #list(callback: sendUnaryData<HealthListResponse>): void {
    const names = ["", ...this.#options.services];
    callback(null, { statuses: Object.fromEntries(names.map((name) => [name, { status: this.#statusOf(name) }])) });
  }

  #watch(watcher: Watcher): void {
    if (this.#watchers.size >= WATCHERS_MAX) {
      const details = `too many health watchers (limit ${WATCHERS_MAX})`;
      watcher.emit("error", { code: status.RESOURCE_EXHAUSTED, details });
      return;
    }
    const now = this.#statusOf(watcher.request.service);
    this.#watchers.set(watcher, now);
    watcher.on("cancelled", () => this.#watchers.delete(watcher));
    watcher.write({ status: now });
    this.#lookLater();
  }

  #look(): void {
    for (const [watcher, told] of this.#watchers) {
      const now = this.#statusOf(watcher.request.service);
      // A client that does not read gets the latest status later, not all of them.
      if (now === told || watcher.writableNeedDrain) continue;
      this.#watchers.set(watcher, now);
      watcher.write({ status: now });
    }
  }

  #lookLater(): void {
    if (this.#cancelLook !== undefined || this.#watchers.size === 0) return;
    this.#cancelLook = this.#options.schedule(() => {
      this.#cancelLook = undefined;
      this.#look();
      this.#lookLater();
    }, LOOK_MS);
  }

  #statusOf(service: string): ServingStatus {
    if (service !== "" && !this.#options.services.includes(service)) return ServingStatus.SERVICE_UNKNOWN;
    return this.#options.serving() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING;
  }
}

export const HEALTH_SERVICE = "grpc.health.v1.Health";

export const healthDefinition: ServiceDefinition = {
  check: method("Check", false, HealthCheckRequest, HealthCheckResponse),
  list: method("List", false, HealthListRequest, HealthListResponse),
  watch: method("Watch", true, HealthCheckRequest, HealthCheckResponse),
};

interface Codec<T> {
  encode(message: T): { finish(): Buffer };
  decode(bytes: Buffer): T;
}

function method<Request, Response>(
  name: string,
  responseStream: boolean,
  request: Codec<Request>,
  response: Codec<Response>,
): MethodDefinition<Request, Response> {
  return {
    path: `/${HEALTH_SERVICE}/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: (message) => request.encode(message).finish(),
    requestDeserialize: (bytes) => request.decode(bytes),
    responseSerialize: (message) => response.encode(message).finish(),
    responseDeserialize: (bytes) => response.decode(bytes),
  };
}
