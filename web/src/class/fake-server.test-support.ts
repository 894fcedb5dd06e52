// A server and a browser for the client's tests: frames in, frames out, no network.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { BatchSchema, EventSchema, StateSchema, type Event } from '../gen/class_pb'
import {
  ClientFrameSchema,
  GoodbyeSchema,
  HelloSchema,
  ReplySchema,
  ServerFrameSchema,
  type ClientFrame,
  type Code,
  type Command,
  type GoodbyeReason,
  type ServerFrame,
} from '../gen/command_pb'
import type { Environment, NetworkChange, Socket } from './environment'

export class FakeSocket implements Socket {
  binaryType = ''
  readyState = 0
  readonly bufferedAmount = 0
  onopen: Socket['onopen'] = null
  onmessage: Socket['onmessage'] = null
  onclose: Socket['onclose'] = null
  closed = false
  readonly sent: ClientFrame['frame'][] = []

  constructor(
    readonly url: URL,
    readonly protocol: string,
  ) {}

  send(data: Uint8Array<ArrayBuffer>): void {
    if (this.closed) throw new Error('closed')
    this.sent.push(fromBinary(ClientFrameSchema, data).frame)
  }

  close(): void {
    this.closed = true
  }

  // ---- the server's side

  get commands(): Command[] {
    return this.sent.flatMap((f) => (f.case === 'command' ? [f.value] : []))
  }

  get pings(): number {
    return this.sent.filter((f) => f.case === 'ping').length
  }

  frame(frame: ServerFrame['frame']): void {
    const bytes = toBinary(ServerFrameSchema, create(ServerFrameSchema, { frame }))
    this.raw(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  }

  raw(data: unknown): void {
    this.onmessage?.({ data } as MessageEvent<unknown>)
  }

  hello(serverMs = 0n): void {
    const value = create(HelloSchema, { session: 'RM_1', participant: 'P_me', serverMs, schema: 1 })
    this.frame({ case: 'hello', value })
  }

  snapshot(seq: bigint, session = 'RM_1'): void {
    this.frame({ case: 'snapshot', value: create(StateSchema, { session, seq }) })
  }

  batch(through: bigint, events: Event[] = []): void {
    this.frame({ case: 'batch', value: create(BatchSchema, { through, events }) })
  }

  reply(requestId: string, seq: bigint, code?: Code): void {
    const error = code === undefined ? undefined : { code, message: 'no' }
    this.frame({ case: 'reply', value: create(ReplySchema, { requestId, seq, error }) })
  }

  goodbye(reason: GoodbyeReason): void {
    this.frame({ case: 'goodbye', value: create(GoodbyeSchema, { reason }) })
  }

  /** The link breaks. */
  cut(): void {
    this.closed = true
    this.onclose?.({} as CloseEvent)
  }
}

export class FakeEnvironment implements Environment {
  readonly sockets: FakeSocket[] = []
  online = true
  #listener: ((change: NetworkChange) => void) | undefined

  open(url: string, protocol: string): Socket {
    const socket = new FakeSocket(new URL(url), protocol)
    this.sockets.push(socket)
    return socket
  }

  /** The latest socket. */
  get socket(): FakeSocket {
    const last = this.sockets.at(-1)
    if (!last) throw new Error('no socket was opened')
    return last
  }

  isOnline(): boolean {
    return this.online
  }

  watch(listener: (change: NetworkChange) => void): () => void {
    this.#listener = listener
    return () => (this.#listener = undefined)
  }

  change(change: NetworkChange): void {
    this.online = change === 'offline' ? false : this.online || change === 'online'
    this.#listener?.(change)
  }

  now(): number {
    return Date.now() // the tests' fake timers move it
  }

  random(): number {
    return 0.5
  }
}

export function event(seq: bigint, body: Event['body']): Event {
  return create(EventSchema, { session: 'RM_1', seq, timeMs: 1_000n + seq, schema: 1, body })
}
