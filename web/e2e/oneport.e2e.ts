import { execFile } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Person, TestBrowser } from './browser.ts'
import { enter, hearsAndSees, isOn, openClass, turnOn } from './people.ts'
import { Server } from './server.ts'

// HTTPS in the program itself, and a network that lets nothing through but its one port.

const run = promisify(execFile)
let directory: string
let server: Server
let browser: TestBrowser

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'preau-tls-'))
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')]
  // prettier-ignore
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
    '-days', '2', '-subj', '/CN=test', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert])
  const { publicKey } = new X509Certificate(await readFile(cert))
  const pin = createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' }))
  server = await Server.start(undefined, ['--tls-cert', cert, '--tls-key', key])
  browser = await TestBrowser.launch({
    more: [`--ignore-certificate-errors-spki-list=${pin.digest('base64')}`],
  })
})

afterAll(async () => {
  await browser.close()
  await server.stop()
  await rm(directory, { recursive: true, force: true })
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
  await expect.poll(() => isOn(teacher, 'bar-mic'), { timeout: 15_000 }).toBe(true)
  await turnOn(teacher, 'bar-camera')

  const pupil = await browser.person()
  await onlyTheOnePort(pupil)
  await pupil.page.goto(`${server.url}/c/${code}`)
  await enter(pupil, 'Amina')
  await hearsAndSees(pupil, 'Amina', 1, 1)
  expect(new Set(await relays(pupil))).toEqual(new Set(['relay tls']))
  expect(pupil.failures).toEqual([])
})
