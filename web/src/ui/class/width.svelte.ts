import { MediaQuery } from 'svelte/reactivity'

/** Width says which of the layouts holds. At 200 % zoom a desk becomes a phone. */
export class Width {
  readonly #phone = new MediaQuery('max-width: 47.99rem')
  readonly #wide = new MediaQuery('min-width: 64rem')

  /** Four controls in reach, panels as sheets. */
  get phone(): boolean {
    return this.#phone.current
  }

  /** Room for a panel beside the stage. */
  get wide(): boolean {
    return this.#wide.current
  }
}
