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
    watch: watchBrowser,
    now: () => Date.now(),
    random: () => Math.random(),
  }
}

function watchBrowser(listener: (change: NetworkChange) => void): () => void {
  const ended = new AbortController()
  const { signal } = ended
  window.addEventListener('online', () => listener('online'), { signal })
  window.addEventListener('offline', () => listener('offline'), { signal })
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
