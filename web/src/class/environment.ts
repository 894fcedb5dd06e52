// What the class client needs of the browser, so that its tests need none.

/** The part of WebSocket that the client uses. */
export interface Socket {
  binaryType: string
  readonly readyState: number
  readonly bufferedAmount: number
  onopen: ((event: globalThis.Event) => void) | null
  onmessage: ((event: MessageEvent<unknown>) => void) | null
  onclose: ((event: CloseEvent) => void) | null
  send(data: Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
}

export type NetworkChange = 'online' | 'offline' | 'visible'

export interface Environment {
  open(url: string, protocol: string): Socket
  /** The device believes that it has a network. */
  isOnline(): boolean
  /** Calls the listener when the network or the tab comes or goes; the function returned ends that. */
  watch(listener: (change: NetworkChange) => void): () => void
  /** Unix ms. */
  now(): number
  /** 0 ≤ x < 1 */
  random(): number
}

export function browserEnvironment(): Environment {
  return {
    open: (url, protocol) => new WebSocket(url, protocol),
    isOnline: () => navigator.onLine,
    watch: watchNetwork,
    now: () => Date.now(),
    random: () => Math.random(),
  }
}

export function watchNetwork(listener: (change: NetworkChange) => void): () => void {
  const ended = new AbortController()
  const { signal } = ended
  window.addEventListener('online', () => listener('online'), { signal })
  window.addEventListener('offline', () => listener('offline'), { signal })
  watchKind(signal, () => listener('online'))
  // A page taken out of the back/forward cache has lost its sockets without a word.
  window.addEventListener('pageshow', () => listener('visible'), { signal })
  document.addEventListener(
    'visibilitychange',
    () => {
      if (document.visibilityState === 'visible') listener('visible')
    },
    { signal },
  )
  return () => ended.abort()
}

interface Connection extends EventTarget {
  /** 'wifi', 'cellular', …: told by phones. */
  readonly type?: string
}

/** From Wi-Fi to mobile, a phone may never have been offline (Network Information API). */
function watchKind(signal: AbortSignal, changed: () => void): void {
  const { connection } = navigator as { connection?: Connection }
  let kind = connection?.type
  connection?.addEventListener(
    'change',
    () => {
      // Estimates of its speed change all the time; another kind is another address.
      if (connection.type === kind) return
      kind = connection.type
      if (navigator.onLine) changed()
    },
    { signal },
  )
}
