// Parts of the page that come when they are wanted, or when nothing more pressing is
// on its way: a weak link carries first what a pupil needs to hear.

import { backoff } from '../class/backoff'
import { reloadIfReplaced } from '../session/reload'

/** Later is one such part. It is asked for once, and again until it has come. */
export class Later<T> {
  #found: T | undefined = $state.raw()
  #asked: Promise<T> | undefined
  readonly #load: () => Promise<{ default: T }>

  constructor(load: () => Promise<{ default: T }>) {
    this.#load = load
  }

  /** The part, once it is here. Who reads it wants it. Reactive. */
  get current(): T | undefined {
    void this.ask()
    return this.#found
  }

  /** Begins to load it; resolves when it is here. */
  ask(): Promise<T> {
    this.#asked ??= this.#try(0)
    return this.#asked
  }

  async #try(attempt: number): Promise<T> {
    try {
      const { default: found } = await this.#load()
      this.#found = found
      return found
    } catch {
      if (attempt > 0) await reloadIfReplaced()
      await new Promise((wait) => setTimeout(wait, backoff(attempt, Math.random())))
      return this.#try(attempt + 1)
    }
  }
}

/**
 * Runs it some milliseconds later, when the browser has nothing better to do, or soon after (Safari
 * cannot tell).
 */
export function whenIdle(run: () => void, after = 0): () => void {
  let handle: number | undefined
  const timer = setTimeout(
    () => {
      if (!('requestIdleCallback' in window)) run()
      else handle = requestIdleCallback(run, { timeout: 5_000 })
    },
    'requestIdleCallback' in window ? after : Math.max(after, 1_000),
  )
  return () => {
    clearTimeout(timer)
    if (handle !== undefined) cancelIdleCallback(handle)
  }
}
