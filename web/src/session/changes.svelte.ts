// Changes makes something that changes outside Svelte readable within it: a reader
// calls read(), whoever changed something calls bump().

export class Changes {
  #count = $state(0)

  read(): number {
    return this.#count
  }

  bump(): void {
    this.#count++
  }
}
