// Finds sockets that died without a word: a phone that changed its network hears
// nothing of it. Any frame is a sign of life; a ping makes sure that one comes.

const every = 5_000 // ms
/** GPRS with a full queue answers after five seconds; twice that is dead. */
const patience = 12_000

export class Heartbeat {
  #heard = 0
  #asked = 0 // when the first ping since anything was heard went out; 0: none
  #timer: ReturnType<typeof setInterval> | undefined
  #hurry: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly now: () => number,
    private readonly ping: () => void,
    private readonly dead: () => void,
  ) {}

  start(): void {
    this.stop()
    this.#heard = this.now()
    this.#timer = setInterval(() => this.beat(), every)
  }

  stop(): void {
    clearInterval(this.#timer)
    clearTimeout(this.#hurry)
    this.#timer = undefined
    this.#asked = 0
  }

  /** A frame came. */
  heard(): void {
    this.#heard = this.now()
    this.#asked = 0
    clearTimeout(this.#hurry)
  }

  /** Asks now: the network changed, or the tab was asleep. Within so many ms, if said, something must come. */
  beat(within?: number): void {
    if (this.#timer === undefined) return
    if (within !== undefined) {
      clearTimeout(this.#hurry)
      this.#hurry = setTimeout(() => this.#give(), within)
    }
    const now = this.now()
    if (this.#asked !== 0 && now - this.#asked > patience) {
      this.#give()
      return
    }
    if (this.#asked === 0) this.#asked = now
    this.ping()
  }

  #give(): void {
    this.stop()
    this.dead()
  }

  /** Milliseconds since anything was heard. */
  silence(): number {
    return this.now() - this.#heard
  }
}
