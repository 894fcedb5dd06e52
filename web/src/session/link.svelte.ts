// The class client's state as runes: what everything else of the classroom reads.

import type { Event, Participant, State } from '../gen/class_pb'
import type { Command, Ephemeral } from '../gen/command_pb'
import { ClassClient, type ClientOptions } from '../class/client'
import { emptyState } from '../class/reduce'
import type { ClassStatus, Outcome } from '../class/status'

export type ViewListener = (after: State, before: State, events: readonly Event[]) => void

export class ClassLink {
  #status: ClassStatus = $state.raw({ phase: 'connecting' })
  #view: State = $state.raw(emptyState())
  #id = $state('')
  readonly #client: ClassClient
  readonly #onView: ViewListener[] = []
  readonly #onStatus: ((status: ClassStatus) => void)[] = []
  readonly #onEphemeral: ((e: Ephemeral) => void)[] = []

  constructor(options: Omit<ClientOptions, 'listener'>, outdated: () => void) {
    const listener: ClientOptions['listener'] = {
      status: (status) => {
        this.#status = status
        for (const f of this.#onStatus) f(status)
      },
      view: (after, before, events) => {
        this.#id = this.#client.participant
        this.#view = after
        for (const f of this.#onView) f(after, before, events)
      },
      ephemeral: (e) => {
        for (const f of this.#onEphemeral) f(e)
      },
      outdated,
    }
    this.#client = new ClassClient({ ...options, listener })
  }

  get status(): ClassStatus {
    return this.#status
  }
  get view(): State {
    return this.#view
  }
  /** One's own participant id; '' at first. */
  get id(): string {
    return this.#id
  }
  get me(): Participant | undefined {
    return this.#view.participants[this.#id]
  }
  now(): number {
    return this.#client.now()
  }
  /** The last round trip measured, ms; undefined: none yet. Not reactive. */
  get roundTrip(): number | undefined {
    return this.#client.roundTrip
  }

  onView(f: ViewListener): void {
    this.#onView.push(f)
  }
  onStatus(f: (status: ClassStatus) => void): void {
    this.#onStatus.push(f)
  }
  onEphemeral(f: (e: Ephemeral) => void): void {
    this.#onEphemeral.push(f)
  }

  start(): void {
    this.#client.start()
  }
  send(body: Command['body']): Promise<Outcome> {
    return this.#client.send(body)
  }
  stop(): void {
    this.#client.stop()
  }
}
