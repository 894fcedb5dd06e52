import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { type Received, received } from './received.ts'

const run = promisify(execFile)
const speech =
  'Bonjour à tous. Aujourd’hui nous parlons de la photosynthèse. Une feuille verte prend la lumière du soleil.'

const chromiumPath = '/usr/bin/chromium'

/**
 * A program that is Chromium on another host of this machine. It is driven through inherited pipes:
 * that host's loopback is another.
 */
async function behind(namespace: string, directory: string): Promise<string> {
  const script = join(directory, 'chromium')
  const text = `#!/bin/sh\nexec ip netns exec ${namespace} ${chromiumPath} "$@"\n`
  await writeFile(script, text, { mode: 0o700 })
  return script
}

/** A name for this machine that a browser, unlike 127.0.0.1, does not trust without https. */
export const insecureHost = 'preau.test'

export interface PersonOptions {
  readonly phone?: boolean
  readonly language?: string
  /** Runs in each of the person's pages before its own scripts. */
  readonly prepare?: () => void
}

/** Debian's Chromium with a fake camera and a microphone that speaks. */
export class TestBrowser {
  readonly #people: Person[] = []

  private constructor(
    readonly browser: Browser,
    private readonly directory: string,
    private readonly denies: boolean,
  ) {}

  /**
   * What is answered when a page asks for microphone or camera: yes, unless everybody says no. With
   * a namespace, the browser runs on the host of that name.
   */
  static async launch({
    denies = false,
    more = [] as readonly string[],
    says = speech,
    namespace = '',
  } = {}): Promise<TestBrowser> {
    const directory = await mkdtemp(join(tmpdir(), 'preau-browser-'))
    const wav = join(directory, 'speech.wav')
    await run('espeak-ng', ['-m', '-v', 'fr', '-w', wav, says])
    const browser = await chromium.launch({
      executablePath: namespace ? await behind(namespace, directory) : chromiumPath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        // A server in a namespace of the test's own is on another, private network.
        '--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks',
        `--use-fake-ui-for-media-stream${denies ? '=deny' : ''}`,
        '--use-fake-device-for-media-stream=fps=10',
        `--use-file-for-fake-audio-capture=${wav}`,
        '--auto-select-desktop-capture-source=Entire screen',
        '--autoplay-policy=no-user-gesture-required',
        `--host-resolver-rules=MAP ${insecureHost} 127.0.0.1`,
        ...more,
      ],
    })
    return new TestBrowser(browser, directory, denies)
  }

  async person(options: PersonOptions = {}): Promise<Person> {
    const clipboard = ['clipboard-read', 'clipboard-write']
    const context = await this.browser.newContext({
      viewport: options.phone ? { width: 360, height: 640 } : { width: 1280, height: 800 },
      locale: options.language ?? 'fr-FR',
      // What is not granted here is denied, without a question.
      permissions: this.denies ? clipboard : ['microphone', 'camera', ...clipboard],
      reducedMotion: 'reduce',
    })
    // Every peer connection is kept where the test can ask it for statistics.
    await context.addInitScript(() => {
      const all: RTCPeerConnection[] = []
      const Native = window.RTCPeerConnection
      window.RTCPeerConnection = new Proxy(Native, {
        construct(target, args: [RTCConfiguration?]) {
          const pc = new target(...args)
          all.push(pc)
          return pc
        },
      })
      ;(window as unknown as { allConnections: RTCPeerConnection[] }).allConnections = all
    })
    if (options.prepare) await context.addInitScript(options.prepare)
    const person = new Person(context, await context.newPage())
    this.#people.push(person)
    return person
  }

  /** What went wrong on anybody's page, whoever left already included. */
  failures(): string[] {
    return this.#people.flatMap((person) => person.failures)
  }

  /** Sends everybody away who is still there, so that a failed test's pages do not slow the next. */
  async closePeople(): Promise<void> {
    await Promise.all(this.#people.splice(0).map((person) => person.close()))
  }

  async close(): Promise<void> {
    await this.browser.close()
    await rm(this.directory, { recursive: true, force: true })
  }
}

const local = new Set(['127.0.0.1', insecureHost])

/** One page in a context of its own: another person on another machine. */
export class Person {
  readonly failures: string[] = []

  constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    this.#watch(page)
  }

  /** The same person in another tab of the same browser. */
  async anotherTab(): Promise<Person> {
    return new Person(this.context, await this.context.newPage())
  }

  #watch(page: Page): void {
    const asks = (url: string) => {
      const { hostname, protocol } = new URL(url)
      if (/^(http|ws)s?:$/.test(protocol) && !local.has(hostname))
        this.failures.push(`a request to another host: ${url}`)
    }
    page.on('pageerror', (error) => this.failures.push(`page error: ${error.message}`))
    page.on('request', (request) => asks(request.url()))
    page.on('websocket', (socket) => asks(socket.url()))
  }

  get(id: string) {
    return this.page.getByTestId(id)
  }

  /** What is being received now. */
  received(): Promise<Received> {
    return this.page.evaluate(received)
  }

  async screenshot(name: string): Promise<void> {
    const directory = new URL('screenshots/', import.meta.url).pathname
    await mkdir(directory, { recursive: true })
    await this.page.screenshot({ path: join(directory, `${name}.png`) })
  }

  async close(): Promise<void> {
    await this.context.close()
  }
}

/** How many pixels of the page stick out sideways. */
export const overflow = (person: Person): Promise<number> =>
  person.page.evaluate(() =>
    Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth),
  )
