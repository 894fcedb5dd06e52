// Whether pictures of people are left out, as a rune, and what follows of it.

import { atFirst, decline, deviceSaves, reasonOf, step, type Sensed } from '../media/saver'
import type { SaverReason, SaverState } from '../media/saver'
import { recall, remember } from './remembered'

const every = 1_000 // ms

export interface SaverOptions {
  readonly link: () => Pick<Sensed, 'link' | 'starved'>
  /** Pictures of people are wanted, or not any more. */
  readonly changed: (saving: boolean) => void
  /** Called each second, after all else. */
  readonly second: () => void
}

export class Saver {
  readonly #o: SaverOptions
  #reason: SaverReason | undefined = $state()
  #wish = recall().saver
  #state: SaverState = atFirst
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(options: SaverOptions) {
    this.#o = options
    this.#reason = reasonOf(this.#state, this.#sense())
  }

  /** Why pictures of people are left out; undefined: they are not. Reactive. */
  get reason(): SaverReason | undefined {
    return this.#reason
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), every)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** The person's word: remembered for the next class when it is yes. */
  set(on: boolean): void {
    this.#wish = on
    remember({ saver: on })
    if (!on) this.#state = decline(this.#state)
    this.#tell()
  }

  #look(): void {
    this.#state = step(this.#state, this.#sense(), Date.now())
    this.#tell()
    this.#o.second()
  }

  #sense(): Sensed {
    return { wish: this.#wish, device: deviceSaves(navigator), ...this.#o.link() }
  }

  #tell(): void {
    const before = this.#reason
    this.#reason = reasonOf(this.#state, this.#sense())
    if ((before === undefined) !== (this.#reason === undefined)) {
      this.#o.changed(this.#reason !== undefined)
    }
  }
}
