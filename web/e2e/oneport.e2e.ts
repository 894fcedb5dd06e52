import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Person, TestBrowser } from './browser.ts'
import { Certificate } from './certificate.ts'
import { enter, hearsAndSees, isOn, openClass, turnOn } from './people.ts'
import { Server } from './server.ts'

// HTTPS in the program itself, and a network that lets nothing through but its one port.

let certificate: Certificate
let server: Server
let browser: TestBrowser

beforeAll(async () => {
  certificate = await Certificate.make('127.0.0.1')
  server = await Server.start(undefined, certificate.server)
  browser = await TestBrowser.launch({ more: certificate.browser })
})

afterAll(async () => {
  await browser.close()
  await server.stop()
  await certificate.remove()
})

/** Has every connection of the browser's pages find its way through TURN over TLS or not at all. */
async function onlyTheOnePort(person: Person): Promise<void> {
  await person.context.addInitScript(() => {
    const Native = window.RTCPeerConnection
    const narrow = (c: RTCConfiguration = {}): RTCConfiguration => ({
      ...c,
      iceTransportPolicy: 'relay',
      iceServers: (c.iceServers ?? []).map((s) => ({
        ...s,
        urls: [s.urls].flat().filter((u) => u.startsWith('turns:')),
      })),
    })
    window.RTCPeerConnection = new Proxy(Native, {
      construct(target, [config]: [RTCConfiguration?]) {
        const pc = new target(narrow(config))
        const set = pc.setConfiguration.bind(pc)
        pc.setConfiguration = (c) => {
          set(narrow(c))
        }
        return pc
      },
    })
  })
}

const relays = (person: Person): Promise<string[]> =>
  person.page.evaluate(async () => {
    const all = (window as unknown as { allConnections: RTCPeerConnection[] }).allConnections
    const ways: string[] = []
    for (const pc of all.filter((c) => c.connectionState === 'connected')) {
      const stats = await pc.getStats()
      stats.forEach((s: { type: string; candidateType?: string; relayProtocol?: string }) => {
        if (s.type === 'local-candidate')
          ways.push(`${s.candidateType ?? ''} ${s.relayProtocol ?? ''}`)
      })
    }
    return ways
  })

it('shows the page over HTTP/2, and holds a class through its one port', async () => {
  const { teacher, code } = await openClass(browser, server, '5e B')
  expect(
    await teacher.page.evaluate(
      () =>
        (performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming)
          .nextHopProtocol,
    ),
  ).toBe('h2')
  await expect.poll(() => isOn(teacher, 'bar-mic')).toBe(true)
  await turnOn(teacher, 'bar-camera')

  const pupil = await browser.person()
  await onlyTheOnePort(pupil)
  await pupil.page.goto(`${server.url}/c/${code}`)
  await enter(pupil, 'Amina')
  await hearsAndSees(pupil, 'Amina', 1, 1)
  expect(new Set(await relays(pupil))).toEqual(new Set(['relay tls']))
  expect(pupil.failures).toEqual([])
})
