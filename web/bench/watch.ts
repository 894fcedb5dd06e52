/** An entry of a browser's statistics (W3C webrtc-stats), as far as it is read here. */
export interface Entry {
  /** Unique on the page: the connection's number stands before. */
  readonly id: string
  readonly type: string
  readonly kind?: string
  readonly selectedCandidatePairId?: string
  readonly [name: string]: unknown
}

/** All entries of one moment. */
export interface Snapshot {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly entries: readonly Entry[]
}

/** What a watched page keeps. */
export interface WatchedWindow {
  allConnections: RTCPeerConnection[]
  snapshots: Snapshot[]
}

/**
 * Runs in a page, before its own scripts: keeps its statistics four times a second, since a
 * silence's length is to be told more exactly than by the second.
 */
export function watch(): void {
  const here = window as unknown as WatchedWindow
  const wanted = ['inbound-rtp', 'outbound-rtp', 'transport', 'candidate-pair']
  here.snapshots = []
  let busy = false

  async function look(): Promise<void> {
    const at = Date.now()
    const entries: Entry[] = []
    for (const [i, pc] of here.allConnections.entries()) {
      if (pc.connectionState === 'closed') continue
      const stats = await pc.getStats()
      stats.forEach((s: Entry) => {
        if (!wanted.includes(s.type)) return
        const pair = s.selectedCandidatePairId
        const named = pair ? { selectedCandidatePairId: `${i}/${pair}` } : {}
        entries.push({ ...s, ...named, id: `${i}/${s.id}` })
      })
    }
    here.snapshots.push({ at, entries })
  }
  setInterval(() => {
    if (busy) return
    busy = true
    void look().finally(() => (busy = false))
  }, 250)
}
