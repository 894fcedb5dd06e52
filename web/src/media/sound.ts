// Plays what others say. Audio elements stand in the document, hidden: Safari plays
// no others. When the browser waits for a touch, the page offers one.

import type { RemoteTrack, Room } from 'livekit-client'

export class Sound {
  readonly #elements = new Map<RemoteTrack, HTMLMediaElement>()

  constructor(private readonly place: HTMLElement) {}

  /** An audio track. */
  add(track: RemoteTrack): void {
    if (this.#elements.has(track)) return
    const element = track.attach()
    element.hidden = true
    this.place.append(element)
    this.#elements.set(track, element)
  }

  remove(track: RemoteTrack): void {
    const element = this.#elements.get(track)
    if (!element) return
    this.#elements.delete(track)
    track.detach(element)
    element.remove()
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
