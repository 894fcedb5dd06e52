/** By what the browser calls the stream, which of its connections it is on before that. */
export type Streams = Readonly<Record<string, number>>

export interface Received {
  /** Sum of the energy decoded from each audio stream that is alive. */
  readonly audio: Streams
  readonly frames: Streams
}

/**
 * Runs in the page, whose peer connections are kept in `allConnections`: what is being received now,
 * from the browser's own statistics.
 */
export async function received(): Promise<Received> {
  const audio: Record<string, number> = {}
  const frames: Record<string, number> = {}
  const all = (window as unknown as { allConnections: RTCPeerConnection[] }).allConnections
  for (const [i, pc] of all.entries()) {
    if (pc.connectionState !== 'connected') continue
    const stats = await pc.getStats()
    stats.forEach(
      (s: {
        type: string
        id: string
        kind?: string
        totalAudioEnergy?: number
        framesDecoded?: number
      }) => {
        if (s.type !== 'inbound-rtp') return
        const stream = `${i.toString()} ${s.id}`
        if (s.kind === 'audio') audio[stream] = s.totalAudioEnergy ?? 0
        else frames[stream] = s.framesDecoded ?? 0
      },
    )
  }
  return { audio, frames }
}

/** How many streams of later have more than before. */
export function growing(before: Streams, later: Streams): number {
  return Object.entries(later).filter(([stream, value]) => value > (before[stream] ?? 0)).length
}
