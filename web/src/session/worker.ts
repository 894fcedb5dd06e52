// The service worker (worker/sw.ts), seen from the page. Where there is none, on an
// insecure page above all, every visit loads what it needs.

/** Longest that a newer page is waited for, ms. */
const patience = 20_000

const container = (): ServiceWorkerContainer | undefined =>
  'serviceWorker' in navigator ? navigator.serviceWorker : undefined

/** Keeps the page on this device for the next visit. It loads every file: call it late. */
export async function keepPage(): Promise<void> {
  if (!import.meta.env.PROD) return
  try {
    await container()?.register('/sw.js', { updateViaCache: 'none' })
  } catch {
    // forbidden here, or not reached: the next visit tries again
  }
}

/** Looks for a newer page, and waits until the next load will get it. */
export async function renewPage(): Promise<void> {
  try {
    const registration = await container()?.getRegistration()
    await registration?.update()
    const coming = registration?.installing ?? registration?.waiting
    if (coming) await activation(coming)
  } catch {
    // the server does not answer: what is kept must do
  }
}

function activation(worker: ServiceWorker): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patience)
    const look = (): void => {
      if (worker.state !== 'activated' && worker.state !== 'redundant') return
      clearTimeout(timer)
      resolve()
    }
    worker.addEventListener('statechange', look)
    look()
  })
}
