// The /class socket: holds one's view of the class, sends commands, and comes back
// by itself. Knows nothing of media or of the page.
//
//   connecting ──first snapshot──▶ live ──socket lost──▶ reconnecting ⇄ offline
//        any ──goodbye, refusal, leave──▶ ended            └──first batch──▶ live

import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { Batch, Event, State } from '../gen/class_pb'
import {
  ClientFrameSchema,
  CommandSchema,
  GoodbyeReason,
  PingSchema,
  ServerFrameSchema,
  type ClientFrame,
  type Command,
  type Ephemeral,
  type Hello,
  type ServerFrame,
} from '../gen/command_pb'
import type { Refusal } from './address'
import { backoff } from './backoff'
import { ServerClock } from './clock'
import type { Environment, NetworkChange, Socket } from './environment'
import { Heartbeat } from './heartbeat'
import { answerPatience, openPatience } from './patience'
import { Outbox } from './outbox'
import { apply, emptyState, knows } from './reduce'
import type { ClassStatus, EndReason, Outcome } from './status'

export const subprotocol = 'preau.class.v1'

const askAgainAfter = 500
/** A class may be missing for a moment while its server restarts. */
const goneFor = 3

export interface ClientListener {
  status(status: ClassStatus): void
  /** events is empty when a snapshot replaced the view. */
  view(after: State, before: State, events: readonly Event[]): void
  ephemeral(e: Ephemeral): void
  /** An event that this page does not know: it is older than the server, and reloads. */
  outdated(): void
}

export interface ClientOptions {
  readonly url: (session: string, since: bigint) => string
  readonly refusal: () => Promise<Refusal | undefined>
  readonly environment: Environment
  readonly listener: ClientListener
  /** Begins the ids of this page's requests; random. */
  readonly requestPrefix: string
}

export class ClassClient {
  readonly #o: ClientOptions
  readonly #outbox = new Outbox()
  readonly #clock = new ServerClock()
  readonly #heartbeat: Heartbeat
  #status: ClassStatus = { phase: 'connecting' }
  #view: State = emptyState()
  #since = 0n
  #participant = ''
  #socket: Socket | undefined
  #greeted = false // the socket has said Hello
  #attempt = 0
  #gone = 0
  #requests = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #unwatch: () => void = () => undefined

  constructor(options: ClientOptions) {
    this.#o = options
    this.#heartbeat = new Heartbeat(
      () => options.environment.now(),
      () => this.#ping(),
      () => this.#lose(),
    )
  }

  get status(): ClassStatus {
    return this.#status
  }

  get view(): State {
    return this.#view
  }

  /** One's own participant id; '' before the first Hello. */
  get participant(): string {
    return this.#participant
  }

  /** The server's clock, Unix ms. */
  now(): number {
    return this.#o.environment.now() + this.#clock.offset
  }

  /** The last round trip measured, ms; undefined: none yet. */
  get roundTrip(): number | undefined {
    return this.#clock.roundTrip
  }

  start(): void {
    this.#unwatch = this.#o.environment.watch((change) => this.#network(change))
    this.#connect()
  }

  /** Asks for something; resolves once the server has answered, however often the link drops meanwhile. */
  send(body: Command['body']): Promise<Outcome> {
    const requestId = `${this.#o.requestPrefix}-${++this.#requests}`
    const command = create(CommandSchema, { requestId, body })
    return new Promise((settle) => {
      if (!this.#outbox.add(command, settle)) return
      if (this.#status.phase === 'ended') this.#outbox.end()
      else if (this.#greeted) this.#write({ case: 'command', value: command })
    })
  }

  /** Ends for this page, without a word to the server. */
  stop(reason: EndReason = 'left'): void {
    if (this.#status.phase === 'ended') return
    this.#drop()
    clearTimeout(this.#timer)
    this.#unwatch()
    this.#setStatus({ phase: 'ended', reason })
    this.#outbox.end()
  }

  // ------------------------------------------------------------- the connection

  #connect(): void {
    clearTimeout(this.#timer)
    const { environment, url } = this.#o
    const socket = environment.open(url(this.#view.session, this.#since), subprotocol)
    socket.binaryType = 'arraybuffer'
    this.#socket = socket
    this.#greeted = false
    const mine = () => this.#socket === socket // an older socket's late events mean nothing
    socket.onmessage = ({ data }) => {
      if (mine()) this.#read(data)
    }
    socket.onclose = () => {
      if (mine()) this.#lose()
    }
    this.#timer = setTimeout(
      () => {
        if (mine()) this.#lose()
      },
      openPatience(this.roundTrip, this.#attempt),
    )
  }

  /** The socket is gone, or as good as gone. */
  #lose(): void {
    const refused = !this.#greeted
    this.#drop()
    if (this.#status.phase === 'ended') return
    this.#setStatus(this.#lostStatus())
    const wait = backoff(this.#attempt++, this.#o.environment.random())
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#connect(), wait)
    if (refused && this.#o.environment.isOnline()) void this.#askRefusal()
  }

  #lostStatus(): ClassStatus {
    if (!this.#o.environment.isOnline()) return { phase: 'offline' }
    return this.#everLive() ? { phase: 'reconnecting' } : { phase: 'connecting' }
  }

  #everLive(): boolean {
    return this.#view.session !== ''
  }

  #drop(): void {
    this.#heartbeat.stop()
    const socket = this.#socket
    this.#socket = undefined
    this.#greeted = false
    if (!socket) return
    socket.onmessage = socket.onclose = null
    socket.close()
  }

  async #askRefusal(): Promise<void> {
    const refusal = await this.#o.refusal()
    if (this.#greeted || this.#status.phase === 'ended') return
    if (refusal !== 'gone') {
      this.#gone = 0
      if (refusal) this.stop(refusal)
      return
    }
    if (++this.#gone >= goneFor) this.stop(this.#everLive() ? 'ended' : 'not-open')
  }

  #network(change: NetworkChange): void {
    const waiting = this.#socket === undefined && this.#status.phase !== 'ended'
    if (change === 'offline') {
      if (waiting) this.#setStatus({ phase: 'offline' })
      else this.#heartbeat.beat()
    } else if (waiting) {
      this.#attempt = 0
      this.#connect()
    } else {
      // The network may be another: the socket must show that it lives.
      this.#heartbeat.beat(answerPatience(this.roundTrip))
    }
  }

  #setStatus(status: ClassStatus): void {
    if (status.phase === this.#status.phase) return
    this.#status = status
    this.#o.listener.status(status)
  }

  // ------------------------------------------------------------------- writing

  #write(frame: ClientFrame['frame']): void {
    const bytes = toBinary(ClientFrameSchema, create(ClientFrameSchema, { frame }))
    try {
      this.#socket?.send(bytes)
    } catch {
      this.#lose() // closing already
    }
  }

  #ping(): void {
    if (!this.#greeted) return
    const clientMs = BigInt(Math.round(this.#o.environment.now()))
    this.#write({ case: 'ping', value: create(PingSchema, { clientMs }) })
  }

  // ------------------------------------------------------------------- reading

  #read(data: unknown): void {
    let frame: ServerFrame['frame']
    try {
      if (!(data instanceof ArrayBuffer)) throw new TypeError('not a binary frame')
      frame = fromBinary(ServerFrameSchema, new Uint8Array(data)).frame
    } catch {
      this.#since = 0n // begin again from a snapshot
      this.#lose()
      return
    }
    this.#heartbeat.heard()
    this.#take(frame)
  }

  #take(frame: ServerFrame['frame']): void {
    const { environment, listener } = this.#o
    switch (frame.case) {
      case 'hello': {
        this.#hello(frame.value)
        return
      }
      case 'snapshot': {
        this.#snapshot(frame.value)
        return
      }
      case 'batch': {
        this.#batch(frame.value)
        return
      }
      case 'reply': {
        const again = this.#outbox.answer(frame.value)
        if (again) this.#askAgain(again)
        return
      }
      case 'ephemeral': {
        listener.ephemeral(frame.value)
        return
      }
      case 'pong': {
        this.#clock.sample(frame.value.clientMs, frame.value.serverMs, environment.now())
        return
      }
      case 'goodbye': {
        this.#goodbye(frame.value.reason)
        return
      }
      default: // a newer server's frame that this page can do without
    }
  }

  #hello({ serverMs, participant }: Hello): void {
    clearTimeout(this.#timer)
    this.#greeted = true
    this.#gone = 0
    this.#participant = participant
    this.#clock.hint(serverMs, this.#o.environment.now())
    this.#heartbeat.start()
    this.#heartbeat.beat()
    for (const command of this.#outbox.commands) this.#write({ case: 'command', value: command })
  }

  #snapshot(state: State): void {
    const before = this.#view
    this.#view = state
    this.#since = state.seq
    this.#live()
    this.#o.listener.view(this.#view, before, [])
  }

  #batch({ events, through }: Batch): void {
    const before = this.#view
    for (const event of events) this.#view = apply(this.#view, event)
    if (!events.every(knows)) this.#o.listener.outdated()
    if (through > this.#view.seq) this.#view = { ...this.#view, seq: through }
    this.#since = this.#view.seq
    this.#live()
    if (events.length > 0) this.#o.listener.view(this.#view, before, events)
  }

  #live(): void {
    this.#attempt = 0
    this.#setStatus({ phase: 'live' })
  }

  #askAgain(command: Command): void {
    setTimeout(() => {
      if (this.#greeted && this.#outbox.has(command.requestId)) {
        this.#write({ case: 'command', value: command })
      }
    }, askAgainAfter)
  }

  #goodbye(reason: GoodbyeReason): void {
    const final = endReasons[reason]
    if (final) this.stop(final)
    else this.#lose()
  }
}

/** The goodbyes after which nobody comes back. */
const endReasons: Partial<Record<GoodbyeReason, EndReason>> = {
  [GoodbyeReason.ENDED]: 'ended',
  [GoodbyeReason.REMOVED]: 'removed',
  [GoodbyeReason.REFUSED]: 'refused',
  [GoodbyeReason.BANNED]: 'banned',
  [GoodbyeReason.REPLACED]: 'replaced',
  [GoodbyeReason.LEFT]: 'left',
}
