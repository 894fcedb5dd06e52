/** Two quiet tones for the teacher, made here: no file, no request. */
export type Sound = 'hand' | 'knock'

interface Tone {
  hz: number
  at: number
}

const tones: Record<Sound, readonly Tone[]> = {
  hand: [
    { hz: 660, at: 0 },
    { hz: 880, at: 0.11 },
  ],
  knock: [
    { hz: 392, at: 0 },
    { hz: 392, at: 0.16 },
  ],
}

/** Sounds owns one audio context, made at the first sound. Close it when the class is left. */
export class Sounds {
  #context: AudioContext | undefined
  #last = -Infinity

  /** play sounds at most once a second, so that thirty hands are not an alarm. */
  play(sound: Sound): void {
    this.#context ??= new AudioContext()
    const context = this.#context
    // Before a touch on the page the browser keeps it silent; nothing is queued for later.
    if (context.state === 'suspended') {
      void context.resume()
      return
    }
    const now = context.currentTime
    if (now - this.#last < 1) return
    this.#last = now
    for (const tone of tones[sound]) ring(context, tone.hz, now + tone.at)
  }

  close(): void {
    void this.#context?.close()
    this.#context = undefined
  }
}

function ring(context: AudioContext, hz: number, at: number): void {
  const tone = context.createOscillator()
  const loudness = context.createGain()
  tone.frequency.value = hz
  loudness.gain.setValueAtTime(0, at)
  loudness.gain.linearRampToValueAtTime(0.08, at + 0.015)
  loudness.gain.exponentialRampToValueAtTime(0.0001, at + 0.22)
  tone.connect(loudness).connect(context.destination)
  tone.start(at)
  tone.stop(at + 0.25)
}
