import { type Browser, type BrowserContext, launch, type Page } from 'puppeteer-core'
import type { BarePage, BareWindow } from './bare.ts'
import { buildOpenH264 } from './openh264.ts'

/** Debian's Firefox, driven over WebDriver BiDi, with a fake camera and a microphone that hums. */
export class Firefox {
  readonly #contexts: BrowserContext[] = []

  private constructor(private readonly browser: Browser) {}

  /**
   * Launches it. Its ICE has no loopback: the server must be on another host, as Network makes one.
   * It has H.264 only by a plugin that it downloads by itself: here it does without, or by ours. A
   * host that is trusted has its devices without https.
   */
  static async launch(codec?: 'h264', trusted = ''): Promise<Firefox> {
    return new Firefox(
      await launch({
        browser: 'firefox',
        executablePath: '/usr/bin/firefox-esr',
        headless: true,
        ...(codec && { env: { ...process.env, MOZ_GMP_PATH: await buildOpenH264() } }),
        extraPrefsFirefox: {
          'media.navigator.streams.fake': true,
          'media.navigator.permission.disabled': true,
          'media.autoplay.default': 0,
          'media.peerconnection.ice.obfuscate_host_addresses': false,
          'dom.securecontext.allowlist': trusted,
          'network.lna.enabled': false,
          'network.lna.blocking': false,
          // Nothing is looked up or fetched beside the test.
          'network.captive-portal-service.enabled': false,
          'network.connectivity-service.enabled': false,
          'media.gmp-manager.updateEnabled': false,
          // A container may have no sandbox to put our plugin in.
          'media.gmp.insecure.allow': true,
          'app.update.enabled': false,
        },
      }),
    )
  }

  async page(): Promise<BarePage & Page> {
    const context = await this.browser.createBrowserContext()
    this.#contexts.push(context)
    const page = await context.newPage()
    await page.evaluateOnNewDocument(() => {
      const all: RTCPeerConnection[] = []
      window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
        construct(target, args: [RTCConfiguration?]) {
          const pc = new target(...args)
          all.push(pc)
          return pc
        },
      })
      ;(window as unknown as BareWindow).allConnections = all
    })
    return page as BarePage & Page
  }

  async closePages(): Promise<void> {
    await Promise.all(this.#contexts.splice(0).map((context) => context.close()))
  }

  async close(): Promise<void> {
    await this.browser.close()
  }
}
