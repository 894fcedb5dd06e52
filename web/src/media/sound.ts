// Plays what others say. Audio elements stand in the document, hidden: Safari plays
// no others. When the browser waits for a touch, the page offers one.

import type { RemoteTrack, Room } from 'livekit-client'
import { hold, PlayoutDelay, sampleOf } from './playout'

/** Milliseconds between two looks at the link: often until it is known. */
const lookOften = 400
const lookEvery = 2_000
/** Looks after which it is. */
const manyLooks = 25

export class Sound {
  readonly #elements = new Map<RemoteTrack, HTMLMediaElement>()
  readonly #playout = new PlayoutDelay()
  #delay = 0
  #looking: ReturnType<typeof setTimeout> | undefined
  #looks = 0

  constructor(private readonly place: HTMLElement) {}

  /** An audio track. */
  add(track: RemoteTrack): void {
    if (this.#elements.has(track)) return
    const element = track.attach()
    element.hidden = true
    this.place.append(element)
    this.#elements.set(track, element)
    if (this.#delay && track.receiver) hold(track.receiver, this.#delay)
    if (this.#looking) return
    this.#lookSoon()
    void this.#look()
  }

  remove(track: RemoteTrack): void {
    const element = this.#elements.get(track)
    if (!element) return
    this.#elements.delete(track)
    track.detach(element)
    element.remove()
    if (this.#elements.size > 0) return
    clearTimeout(this.#looking)
    this.#looking = undefined
  }

  #lookSoon(): void {
    const soon = this.#looks++ < manyLooks ? lookOften : lookEvery
    this.#looking = setTimeout(() => {
      this.#lookSoon()
      void this.#look()
    }, soon)
  }

  /** The first voice tells of the link that all come by. */
  async #look(): Promise<void> {
    const tracks = [...this.#elements.keys()]
    const first = tracks[0]?.receiver
    const sample = first && (await sampleOf(first).catch(() => undefined)) // closed meanwhile
    if (!sample) return
    const delay = this.#playout.next(sample, performance.now())
    if (delay === this.#delay) return
    this.#delay = delay
    for (const { receiver } of tracks) if (receiver) hold(receiver, delay)
  }

  clear(): void {
    for (const track of [...this.#elements.keys()]) this.remove(track)
  }
}

/** To be called from a click or a key. */
export async function unblock(room: Room | undefined): Promise<void> {
  try {
    await room?.startAudio()
  } catch {
    // still blocked: the room says so by itself
  }
}
