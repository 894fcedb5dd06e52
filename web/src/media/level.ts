// Measures how loud a track is, from an AnalyserNode.

export interface LevelMeter {
  /** 0 (silence) to 1, on a scale that moves visibly with speech. */
  read(): number
  stop(): void
}

const floor = -60 // dB; quieter is drawn as silence
const ceiling = -10

/** Listens to the track, in an audio context of its own that stop() closes. */
export function meter(track: MediaStreamTrack): LevelMeter {
  const context = new AudioContext()
  if (context.state === 'suspended') void context.resume().catch(() => undefined)
  const source = context.createMediaStreamSource(new MediaStream([track]))
  const analyser = context.createAnalyser()
  analyser.fftSize = 1024
  source.connect(analyser)
  const samples = new Float32Array(analyser.fftSize)
  return {
    read() {
      analyser.getFloatTimeDomainData(samples)
      return loudness(samples)
    },
    stop() {
      source.disconnect()
      void context.close().catch(() => undefined)
    },
  }
}

/** Root mean square of samples from -1 to 1, in decibels between floor and ceiling, as 0 to 1. */
export function loudness(samples: Float32Array): number {
  let sum = 0
  for (const s of samples) sum += s * s
  if (sum === 0) return 0
  const db = 10 * Math.log10(sum / samples.length)
  return Math.min(1, Math.max(0, (db - floor) / (ceiling - floor)))
}
