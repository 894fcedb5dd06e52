import { create, toBinary } from '@bufbuild/protobuf'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HandRaisedSchema, TitleSetSchema, type Event } from '../gen/class_pb'
import {
  Code,
  EphemeralSchema,
  GoodbyeReason,
  PongSchema,
  RaiseHandSchema,
  ServerFrameSchema,
} from '../gen/command_pb'
import { socketURL, type Refusal } from './address'
import { ClassClient, subprotocol } from './client'
import { FakeEnvironment, event } from './fake-server.test-support'
import type { ClassStatus } from './status'

const raise = { case: 'raiseHand', value: create(RaiseHandSchema) } as const
const titled = (seq: bigint, title: string): Event =>
  event(seq, { case: 'titleSet', value: create(TitleSetSchema, { title }) })

function start() {
  const environment = new FakeEnvironment()
  const seen = {
    status: [] as string[],
    ephemeral: 0,
    outdated: 0,
    batches: [] as number[],
    refusal: undefined as Refusal | undefined,
  }
  const access = { origin: 'https://school.example', token: 'T', page: 'K' }
  const client = new ClassClient({
    environment,
    url: (session, since) => socketURL(access, session, since),
    refusal: () => Promise.resolve(seen.refusal),
    requestPrefix: 'r',
    listener: {
      status: (s: ClassStatus) => seen.status.push(s.phase === 'ended' ? s.reason : s.phase),
      view: (_after, _before, events) => seen.batches.push(events.length),
      ephemeral: () => seen.ephemeral++,
      outdated: () => seen.outdated++,
    },
  })
  client.start()
  return { client, environment, seen }
}

function live() {
  const all = start()
  all.environment.socket.hello()
  all.environment.socket.snapshot(10n)
  return all
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('coming in', () => {
  it('asks with the token and the subprotocol, and without a number', () => {
    const { environment } = start()
    const { url, protocol } = environment.socket
    expect(url.origin + url.pathname).toBe('wss://school.example/class')
    expect(Object.fromEntries(url.searchParams)).toEqual({ access_token: 'T', page: 'K' })
    expect(protocol).toBe(subprotocol)
  })

  it('is live with the first snapshot', () => {
    const { client, seen } = live()
    expect(seen.status).toEqual(['live'])
    expect(client.participant).toBe('P_me')
    expect(client.view.seq).toBe(10n)
  })

  it('applies batches, and notes what was withheld', () => {
    const { client, environment, seen } = live()
    environment.socket.batch(14n, [titled(11n, 'Sciences')])
    expect(client.view.title).toBe('Sciences')
    expect(client.view.seq).toBe(14n)
    expect(seen.batches).toEqual([0, 1])
  })

  it('passes on what is true for a moment', () => {
    const { environment, seen } = live()
    environment.socket.frame({ case: 'ephemeral', value: create(EphemeralSchema, { from: 'P_2' }) })
    expect(seen.ephemeral).toBe(1)
  })

  it('says that it is outdated when it meets an event that it does not know', () => {
    const { client, environment, seen } = live()
    environment.socket.batch(12n, [event(11n, { case: undefined }), titled(12n, 'on')])
    expect(seen.outdated).toBe(1)
    expect(client.view.title).toBe('on')
  })

  it.each([
    ['unauthorized', 'unauthorized'],
    ['banned', 'banned'],
    ['full', 'full'],
  ] as const)('ends at once when the server refuses it: %s', async (refusal, reason) => {
    const { environment, seen } = start()
    seen.refusal = refusal
    environment.socket.cut()
    await vi.advanceTimersByTimeAsync(0)
    expect(seen.status).toEqual([reason])
  })

  it('gives a class that is not there a few attempts', async () => {
    const { environment, seen } = start()
    seen.refusal = 'gone'
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(seen.status).toEqual([])
      environment.socket.cut()
      await vi.advanceTimersByTimeAsync(2_000)
    }
    expect(seen.status).toEqual(['not-open'])
  })

  it('gives up a connection that does not come', async () => {
    const { environment } = start()
    const first = environment.socket
    await vi.advanceTimersByTimeAsync(16_000)
    expect(first.closed).toBe(true)
    expect(environment.sockets.length).toBe(2)
  })
})

describe('coming back', () => {
  it('resumes from the last number heard', async () => {
    const { environment, seen } = live()
    environment.socket.batch(12n)
    environment.socket.cut()
    expect(seen.status).toEqual(['live', 'reconnecting'])
    await vi.advanceTimersByTimeAsync(1_000)
    const { searchParams } = environment.socket.url
    expect(searchParams.get('session')).toBe('RM_1')
    expect(searchParams.get('since')).toBe('12')
    environment.socket.hello()
    environment.socket.batch(13n, [titled(13n, 'missed')])
    expect(seen.status).toEqual(['live', 'reconnecting', 'live'])
  })

  it('waits longer after each failure, and at most two seconds', async () => {
    const { environment } = live()
    for (let i = 0; i < 12; i++) {
      environment.socket.cut()
      await vi.advanceTimersByTimeAsync(2_000)
    }
    expect(environment.sockets.length).toBe(13)
    environment.socket.cut()
    await vi.advanceTimersByTimeAsync(1_400) // 2 s with jitter 0.75
    expect(environment.sockets.length).toBe(13)
    await vi.advanceTimersByTimeAsync(100)
    expect(environment.sockets.length).toBe(14)
  })

  it('cuts an attempt that hangs, soon where the link was quick', async () => {
    const { environment } = live()
    const clientMs = BigInt(Date.now() - 40)
    environment.socket.frame({ case: 'pong', value: create(PongSchema, { clientMs }) })
    environment.socket.cut()
    await vi.advanceTimersByTimeAsync(225)
    const hanging = environment.socket
    await vi.advanceTimersByTimeAsync(5_999) // 4 s, and half as much again after a failure
    expect(hanging.closed).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(hanging.closed).toBe(true)
    await vi.advanceTimersByTimeAsync(450)
    expect(environment.sockets.length).toBe(3)
  })

  it('comes back when the network has changed and the socket says no more', async () => {
    const { environment, seen } = live()
    environment.change('online')
    expect(environment.socket.pings).toBeGreaterThan(0)
    await vi.advanceTimersByTimeAsync(4_500)
    expect(seen.status).toEqual(['live', 'reconnecting'])
    await vi.advanceTimersByTimeAsync(225)
    expect(environment.sockets.length).toBe(2)
  })

  it('stays when the network has changed and the socket answers', async () => {
    const { environment, seen } = live()
    environment.change('online')
    environment.socket.frame({ case: 'pong', value: create(PongSchema) })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(seen.status).toEqual(['live'])
    expect(environment.sockets.length).toBe(1)
  })

  it('is offline when the device is, and comes back with the network at once', () => {
    const { environment, seen } = live()
    environment.online = false
    environment.socket.cut()
    expect(seen.status).toEqual(['live', 'offline'])
    environment.change('online')
    expect(environment.sockets.length).toBe(2)
  })

  it('finds a socket that died without a word', async () => {
    const { environment, seen } = live()
    const dead = environment.socket
    await vi.advanceTimersByTimeAsync(20_000)
    expect(dead.pings).toBeGreaterThan(1)
    expect(dead.closed).toBe(true)
    expect(seen.status).toEqual(['live', 'reconnecting'])
  })

  it('keeps a socket that answers', async () => {
    const { environment, seen } = live()
    for (let i = 0; i < 10; i++) {
      await vi.advanceTimersByTimeAsync(5_000)
      environment.socket.frame({ case: 'pong', value: create(PongSchema) })
    }
    expect(environment.sockets.length).toBe(1)
    expect(seen.status).toEqual(['live'])
  })

  it('begins again from a snapshot after a frame that it cannot read', async () => {
    const { environment } = live()
    environment.socket.raw(new Uint8Array([0xff, 0xff]).buffer)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(environment.socket.url.searchParams.get('since')).toBe('0')
  })

  it('heeds no late word of an older socket', async () => {
    const { client, environment } = live()
    const old = environment.socket
    old.cut()
    await vi.advanceTimersByTimeAsync(1_000)
    old.onmessage?.({
      data: toBinary(ServerFrameSchema, create(ServerFrameSchema)).buffer,
    } as MessageEvent)
    old.onclose?.({} as CloseEvent)
    expect(environment.sockets.length).toBe(2)
    expect(client.view.seq).toBe(10n)
  })
})

describe('commands', () => {
  it('resolve with the answer', async () => {
    const { client, environment } = live()
    const outcome = client.send(raise)
    expect(environment.socket.commands.map((c) => c.requestId)).toEqual(['r-1'])
    environment.socket.reply('r-1', 11n)
    expect(await outcome).toEqual({ ok: true, seq: 11n })
  })

  it('resolve with the refusal, too', async () => {
    const { client, environment } = live()
    const outcome = client.send(raise)
    environment.socket.reply('r-1', 0n, Code.FORBIDDEN)
    expect(await outcome).toMatchObject({ ok: false, code: Code.FORBIDDEN })
  })

  it('are sent again after a reconnect until they are answered', async () => {
    const { client, environment } = live()
    const outcome = client.send(raise)
    environment.socket.cut()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(environment.socket.commands).toEqual([])
    environment.socket.hello()
    expect(environment.socket.commands.map((c) => c.requestId)).toEqual(['r-1'])
    environment.socket.reply('r-1', 11n)
    expect(await outcome).toEqual({ ok: true, seq: 11n })
    environment.socket.cut()
    await vi.advanceTimersByTimeAsync(1_000)
    environment.socket.hello()
    expect(environment.socket.commands).toEqual([])
  })

  it('given while there is no link wait for it', async () => {
    const { client, environment } = live()
    environment.socket.cut()
    void client.send(raise)
    await vi.advanceTimersByTimeAsync(1_000)
    environment.socket.hello()
    expect(environment.socket.commands.length).toBe(1)
  })

  it('that the log cannot take now are asked again', async () => {
    const { client, environment } = live()
    const outcome = client.send(raise)
    environment.socket.reply('r-1', 0n, Code.UNAVAILABLE)
    await vi.advanceTimersByTimeAsync(600)
    expect(environment.socket.commands.length).toBe(2)
    environment.socket.reply('r-1', 11n)
    expect(await outcome).toEqual({ ok: true, seq: 11n })
  })

  it('beyond the bound are refused at once', async () => {
    const { client } = live()
    for (let i = 0; i < 40; i++) void client.send(raise)
    expect(await client.send(raise)).toMatchObject({ ok: false, code: Code.RATE })
  })

  it('are refused when the class has ended', async () => {
    const { client, environment } = live()
    const before = client.send(raise)
    environment.socket.goodbye(GoodbyeReason.ENDED)
    expect(await before).toMatchObject({ ok: false, code: Code.ENDED })
    expect(await client.send(raise)).toMatchObject({ ok: false, code: Code.ENDED })
  })
})

describe('goodbyes', () => {
  it.each([
    [GoodbyeReason.ENDED, 'ended'],
    [GoodbyeReason.REMOVED, 'removed'],
    [GoodbyeReason.REFUSED, 'refused'],
    [GoodbyeReason.BANNED, 'banned'],
    [GoodbyeReason.REPLACED, 'replaced'],
    [GoodbyeReason.LEFT, 'left'],
  ])('%i is final: %s', async (reason, name) => {
    const { environment, seen } = live()
    environment.socket.goodbye(reason)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(seen.status).toEqual(['live', name])
    expect(environment.sockets.length).toBe(1)
  })

  it.each([GoodbyeReason.SHUTDOWN, GoodbyeReason.TOO_SLOW])(
    '%i means: come back',
    async (reason) => {
      const { environment, seen } = live()
      environment.socket.goodbye(reason)
      await vi.advanceTimersByTimeAsync(1_000)
      expect(environment.sockets.length).toBe(2)
      expect(seen.status).toEqual(['live', 'reconnecting'])
    },
  )
})

describe("the server's clock", () => {
  it('is taken from the quickest ping', async () => {
    const { client, environment } = live()
    const sent = BigInt(Date.now())
    await vi.advanceTimersByTimeAsync(100)
    const pong = create(PongSchema, { clientMs: sent, serverMs: sent + 50n + 5_000n })
    environment.socket.frame({ case: 'pong', value: pong })
    expect(client.now() - Date.now()).toBe(5_000)
  })
})

it('raised hands of others are in the view', () => {
  const { client, environment } = live()
  const value = create(HandRaisedSchema, { participant: 'P_2' })
  environment.socket.batch(11n, [event(11n, { case: 'handRaised', value })])
  expect(client.view.hands).toEqual(['P_2'])
})
