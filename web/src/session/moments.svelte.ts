// What happens for a moment: reactions, a teacher's wish to hear one, and the
// moments that are said or sounded.

import { momentsOf, type Moment } from '../class/moments'
import type { Ephemeral } from '../gen/command_pb'
import type { Moments, ShownReaction } from './classroom'
import type { ClassLink } from './link.svelte'

const shownFor = 4_000 // ms
/** More at once are a crowd: the oldest give way. */
const mostReactions = 24

export class LiveMoments implements Moments {
  #reactions: readonly ShownReaction[] = $state.raw([])
  #unmuteAsked = $state(false)
  #listeners: readonly ((moment: Moment) => void)[] = []
  readonly #link: ClassLink
  #count = 0

  constructor(link: ClassLink) {
    this.#link = link
    link.onView((after, before, events) => {
      for (const moment of momentsOf(link.id, before, after, events)) this.#tell(moment)
    })
    link.onEphemeral((e) => this.#ephemeral(e))
  }

  get reactions() {
    return this.#reactions
  }
  get unmuteAsked() {
    return this.#unmuteAsked
  }

  dismissUnmute(): void {
    this.#unmuteAsked = false
  }

  listen(listener: (moment: Moment) => void): () => void {
    this.#listeners = [...this.#listeners, listener]
    return () => (this.#listeners = this.#listeners.filter((l) => l !== listener))
  }

  #tell(moment: Moment): void {
    for (const listener of this.#listeners) listener(moment)
  }

  #ephemeral({ from, body }: Ephemeral): void {
    if (body.case === 'reaction') this.#show(from, body.value.emoji)
    if (body.case === 'unmuteAsked' && body.value.participant === this.#link.id) {
      this.#unmuteAsked = true
      this.#tell({ kind: 'unmute-asked' })
    }
  }

  #show(from: string, emoji: string): void {
    const key = ++this.#count
    this.#reactions = [...this.#reactions, { key, from, emoji }].slice(-mostReactions)
    setTimeout(() => {
      this.#reactions = this.#reactions.filter((r) => r.key !== key)
    }, shownFor)
  }
}
