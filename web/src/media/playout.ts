// How long received sound waits before it is played. On a link that loses packets a
// lost one is asked for again, and what repairs it comes a round trip later: a lesson
// may be heard a second late, but whole. Where nothing is lost, the browser decides; a
// server that is far away is most likely reached by radio, and losses are expected.

export interface LinkSample {
  /** Of sound: packets that came, and packets missed or asked for again, since the beginning. */
  readonly received: number
  readonly lost: number
  /** Seconds; 0: not known. */
  readonly roundTrip: number
}

/** Share of packets lost from which waiting is worth it. */
const worthwhile = 0.004
/** Seconds there and back from which losses are expected. */
const distant = 0.09
/** Seconds. */
const least = 0.15
const most = 1.2
/**
 * Packets that a share of them is taken of, at least; or so many losses, which tell sooner. Among the
 * first packets one is plenty: waiting for nothing costs a listener less than the next loss.
 */
const enough = 100
const plenty = 3
/** Milliseconds without loss after which the sound is let catch up. */
const calm = 60_000
/**
 * Seconds by which the waiting grows in a second, while speech is stretched: where it grows faster,
 * Chromium is silent, at the next packet lost, until half of it is there.
 */
const rise = 0.2

/** Decides from samples, one every second or so. Times in milliseconds. */
export class PlayoutDelay {
  /** What is wanted, and what has come of it by now. */
  #delay = 0
  #grown = 0
  #grownAt = 0
  /** How far the server is, is known. */
  #told = false
  #lossAt = -Infinity
  #base: LinkSample = { received: 0, lost: 0, roundTrip: 0 }

  /** Seconds to wait; 0: as the browser likes. */
  next(sample: LinkSample, now: number): number {
    const wanted = this.#decide(sample, now)
    const passed = (now - this.#grownAt) / 1000
    this.#grownAt = now
    if (wanted > this.#grown) {
      this.#grown = Math.min(wanted, this.#grown > 0 ? this.#grown + rise * passed : least)
    } else {
      this.#grown = wanted
    }
    return this.#grown
  }

  #decide(sample: LinkSample, now: number): number {
    const base = this.#base
    if (!this.#told && sample.roundTrip >= distant) this.#expectLoss(sample, now)
    this.#told ||= sample.roundTrip > 0
    if (sample.received < base.received) {
      this.#base = sample
      return this.#delay
    }
    const came = sample.received - base.received
    const lost = Math.max(0, sample.lost - base.lost)
    const telling = sample.received < enough ? 1 : plenty
    if (came + lost < enough && lost < telling) return this.#delay
    this.#base = sample
    if (lost / (came + lost) >= worthwhile) this.#expectLoss(sample, now)
    else if (now - this.#lossAt > calm) this.#delay = 0
    return this.#delay
  }

  #expectLoss(sample: LinkSample, now: number): void {
    this.#lossAt = now
    const wanted = clamp(1.2 * sample.roundTrip + 0.12)
    // Each change stretches or squeezes what is being said: only for a reason.
    if (wanted > this.#delay || wanted < 0.6 * this.#delay) this.#delay = wanted
  }
}

function clamp(seconds: number): number {
  return Math.min(most, Math.max(least, seconds))
}

type Waiting = RTCRtpReceiver & {
  jitterBufferTarget?: number | null
  playoutDelayHint?: number | null
}

/** Lets a receiver's sound wait that many seconds; 0: as the browser likes. */
export function hold(receiver: RTCRtpReceiver, seconds: number): void {
  const it = receiver as Waiting
  if ('jitterBufferTarget' in it) it.jitterBufferTarget = seconds ? seconds * 1000 : null
  else if ('playoutDelayHint' in it) (it as Waiting).playoutDelayHint = seconds || null
}

/**
 * Seconds that the server's quickest answer to this page took, which is known before sound comes; 0: not
 * known.
 */
function quickestAnswer(): number {
  const took = performance
    .getEntriesByType('resource')
    .filter((e): e is PerformanceResourceTiming => e.name.includes('/api/'))
    .flatMap((e) => (e.requestStart > 0 ? (e.responseStart - e.requestStart) / 1000 : []))
    .filter((seconds) => seconds > 0)
  return took.length > 0 ? Math.min(...took) : 0
}

/** What a receiver's statistics say of its link. */
export async function sampleOf(receiver: RTCRtpReceiver): Promise<LinkSample> {
  let sound: { packetsReceived?: number; packetsLost?: number; nackCount?: number } | undefined
  let roundTrip = 0
  const stats = await receiver.getStats()
  stats.forEach((s: RTCStats & { nominated?: boolean; currentRoundTripTime?: number }) => {
    if (s.type === 'inbound-rtp') sound = s as typeof sound
    if (s.type === 'candidate-pair' && s.nominated) roundTrip = s.currentRoundTripTime ?? 0
  })
  const { packetsReceived = 0, packetsLost = 0, nackCount = 0 } = sound ?? {}
  return {
    received: packetsReceived,
    lost: packetsLost + nackCount,
    roundTrip: roundTrip || quickestAnswer(),
  }
}
