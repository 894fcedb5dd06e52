// Enters a class: joins the class log and its media into the one thing that the
// screens read and act on.

import { create } from '@bufbuild/protobuf'
import { askRefusal, socketURL } from '../class/address'
import { browserEnvironment } from '../class/environment'
import { stageOf, type Stage } from '../class/stage'
import { done, type ClassStatus, type Outcome } from '../class/status'
import { LeaveClassSchema } from '../gen/command_pb'
import { loadLibrary } from '../media/library'
import { actionsOn } from './actions'
import { LiveChat } from './chat.svelte'
import type { ClassActions, Classroom } from './classroom'
import { randomKey } from './device'
import { ClassLink } from './link.svelte'
import { LiveMedia } from './media.svelte'
import { LiveMoments } from './moments.svelte'
import { LivePeople } from './people.svelte'
import { reloadOnce } from './reload'
import { dropTicket, keepTicket, type Ticket } from './ticket'

export interface EnterOptions {
  /** Come in with these on, as far as the class allows. */
  readonly microphone: boolean
  readonly camera: boolean
  /** Device ids; '' or missing: the system's own choice. */
  readonly audioinput?: string
  readonly videoinput?: string
  readonly audiooutput?: string
}

/** How long a goodbye may take before the page goes without it. */
const goodbyePatience = 1_500
/**
 * Milliseconds by which the socket of media goes first. A browser opens one socket to a server at a
 * time (RFC 6455, 4.1), which takes three round trips: one should hear before one sees.
 */
const mediaAhead = 200
/** How long the class waits for the library of media to come, ms, so that its socket may go first. */
const libraryPatience = 4_000

/** Enters the class. The classroom returned is reactive; dispose() it when the screen goes. */
export function enterClass(ticket: Ticket, options: EnterOptions): Classroom {
  return new LiveClassroom(ticket, options)
}

class LiveClassroom implements Classroom {
  readonly people: LivePeople
  readonly chat: LiveChat
  readonly media: LiveMedia
  readonly moments: LiveMoments
  readonly actions: ClassActions
  readonly #link: ClassLink
  readonly #stage: Stage
  #ticket: Ticket
  #linkSoon: ReturnType<typeof setTimeout> | undefined
  #disposed = false

  constructor(ticket: Ticket, options: EnterOptions) {
    this.#ticket = ticket
    const page = randomKey()
    const access = () => ({ origin: location.origin, token: this.#ticket.token, page })
    this.#link = new ClassLink(
      {
        url: (session, since) => socketURL(access(), session, since),
        refusal: () => askRefusal(access()),
        environment: browserEnvironment(),
        requestPrefix: page.slice(0, 12),
      },
      reloadOnce,
    )
    this.people = new LivePeople(this.#link)
    this.chat = new LiveChat(this.#link)
    this.moments = new LiveMoments(this.#link)
    this.media = new LiveMedia(this.#link, {
      origin: location.origin,
      page,
      token: () => this.#ticket.token,
      teacher: ticket.teacher,
      audioinput: options.audioinput ?? '',
      videoinput: options.videoinput ?? '',
      audiooutput: options.audiooutput ?? '',
      refreshed: (token) => this.#refresh(token),
    })
    this.actions = actionsOn(this.#link, () => this.#leave())
    this.#stage = $derived(stageOf(this.#link.view))
    this.#link.onStatus((status) => this.#follow(status))
    this.media.start(options)
    this.#linkSoon = this.#linkAfter(libraryPatience)
    loadLibrary().then(
      () => this.#linkSooner(mediaAhead),
      () => this.#linkSooner(0),
    )
  }

  get status() {
    return this.#link.status
  }
  get view() {
    return this.#link.view
  }
  get me() {
    return this.#link.me
  }
  get stage() {
    return this.#stage
  }

  now(): number {
    return this.#link.now()
  }

  dispose(): void {
    this.#disposed = true
    this.#unlink()
    this.media.stop()
  }

  #follow(status: ClassStatus): void {
    if (status.phase === 'live') this.media.poke()
    if (status.phase !== 'ended') return
    this.media.stop()
    // Who was replaced may take their place back by loading the page anew.
    if (!this.#disposed && status.reason !== 'replaced') dropTicket(this.#ticket.key)
  }

  #linkAfter(wait: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#linkSoon = undefined
      this.#link.start()
    }, wait)
  }

  #linkSooner(wait: number): void {
    if (this.#linkSoon === undefined) return // it has begun, or is not to
    clearTimeout(this.#linkSoon)
    this.#linkSoon = this.#linkAfter(wait)
  }

  #unlink(): void {
    clearTimeout(this.#linkSoon)
    this.#linkSoon = undefined
    this.#link.stop()
  }

  #refresh(token: string): void {
    this.#ticket = { ...this.#ticket, token }
    if (!this.#disposed) keepTicket(this.#ticket)
  }

  async #leave(): Promise<Outcome> {
    const waited = new Promise<Outcome>((resolve) => setTimeout(resolve, goodbyePatience, done))
    const said =
      this.status.phase === 'live'
        ? this.#link.send({ case: 'leave', value: create(LeaveClassSchema) })
        : Promise.resolve(done)
    const outcome = await Promise.race([said, waited])
    this.#unlink()
    return outcome
  }
}
