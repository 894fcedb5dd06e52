// The server's clock as seen from here, out of pings. The answer that was quickest
// says most: half its round trip bounds the error.

export class ServerClock {
  #offset = 0
  #latest: number | undefined
  #best = Number.POSITIVE_INFINITY

  /** A server time that came with the first message: only a lower bound. */
  hint(serverMs: bigint, now: number): void {
    if (this.#best === Number.POSITIVE_INFINITY) this.#offset = Number(serverMs) - now
  }

  /** A ping's answer. */
  sample(sentMs: bigint, serverMs: bigint, now: number): void {
    const roundTrip = now - Number(sentMs)
    if (roundTrip < 0) return // this device's clock was set back meanwhile
    this.#latest = roundTrip
    // An old best loses its weight by and by: clocks drift.
    this.#best *= 1.05
    if (roundTrip > this.#best) return
    this.#best = roundTrip
    this.#offset = Number(serverMs) - (Number(sentMs) + roundTrip / 2)
  }

  /** The last ping's round trip, ms; undefined: none was answered yet. */
  get roundTrip(): number | undefined {
    return this.#latest
  }

  /** Milliseconds to add to this device's clock. */
  get offset(): number {
    return this.#offset
  }
}
