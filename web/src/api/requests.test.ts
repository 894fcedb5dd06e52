import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from './errors'
import { getConfig, join, lookUpCode, openClass } from './requests'

const fetched = vi.fn<typeof fetch>()

beforeEach(() => {
  vi.stubGlobal('fetch', fetched)
})
afterEach(() => {
  fetched.mockReset()
  vi.unstubAllGlobals()
})

function answers(body: unknown, status = 200): void {
  fetched.mockResolvedValueOnce(new Response(JSON.stringify(body), { status }))
}

const asked = () => {
  const [path, init] = fetched.mock.calls[0]!
  const body = init?.body
  return {
    path,
    method: init?.method,
    body: typeof body === 'string' ? (JSON.parse(body) as unknown) : undefined,
  }
}

const codeOf = (p: Promise<unknown>) =>
  p.then(
    () => 'resolved',
    (e: unknown) => (e instanceof ApiError ? e.code : 'other'),
  )

describe('requests', () => {
  it('reads the configuration', async () => {
    answers({ version: '1.0', openClasses: true, dev: false })
    expect(await getConfig()).toEqual({ version: '1.0', openClasses: true, dev: false })
  })

  it('opens a class', async () => {
    answers({ class: 'sciences-x', title: 'Sciences', invite: 'I' })
    expect(await openClass('Sciences', true)).toEqual({
      class: 'sciences-x',
      title: 'Sciences',
      invite: 'I',
    })
    expect(asked()).toEqual({
      path: '/api/classes',
      method: 'POST',
      body: { title: 'Sciences', lobby: true },
    })
  })

  it('looks a code up', async () => {
    answers({ class: 'sciences', title: 'Sciences', lobby: false })
    expect(await lookUpCode('AB/CD')).toEqual({
      class: 'sciences',
      title: 'Sciences',
      lobby: false,
    })
    expect(asked().path).toBe('/api/codes/AB%2FCD')
  })

  it('joins', async () => {
    const joined = {
      token: 'T',
      class: 'c',
      title: 't',
      role: 'pupil',
      identity: 'u-1',
      lobby: true,
    }
    answers(joined)
    expect(await join({ code: 'ABCD1234', name: 'Amina', device: 'd' })).toEqual(joined)
    expect(asked().body).toEqual({ code: 'ABCD1234', name: 'Amina', device: 'd' })
  })
})

describe('errors', () => {
  it.each([
    [404, { error: { code: 'not_found', message: 'no' } }, 'not_found'],
    [403, { error: { code: 'banned', message: 'no' } }, 'banned'],
    [400, { error: { code: 'a code of tomorrow' } }, 'invalid'],
    [401, {}, 'unauthorized'],
    [410, {}, 'ended'],
    [429, {}, 'rate'],
    [503, {}, 'unavailable'],
    [500, {}, 'internal'],
    [200, [], 'internal'],
    [200, { title: 'no invite' }, 'internal'],
  ])('%i %j is %s', async (status, body, code) => {
    answers(body, status)
    expect(await codeOf(openClass('x', false))).toBe(code)
  })

  it("a proxy's own page is understood by its status", async () => {
    fetched.mockResolvedValueOnce(new Response('<h1>Bad gateway</h1>', { status: 502 }))
    expect(await codeOf(getConfig())).toBe('unavailable')
  })

  it('an unknown role is no role', async () => {
    answers({ token: 'T', class: 'c', role: 'king' })
    expect(await codeOf(join({ invite: 'I', name: 'n', device: 'd' }))).toBe('internal')
  })

  it('no answer is the network', async () => {
    fetched.mockRejectedValueOnce(new TypeError('failed to fetch'))
    expect(await codeOf(getConfig())).toBe('network')
  })

  it('a request that was given up rejects with the reason', async () => {
    fetched.mockRejectedValueOnce(new TypeError('aborted'))
    const gone = AbortSignal.abort(new Error('gone'))
    await expect(getConfig(gone)).rejects.toThrow('gone')
  })
})
