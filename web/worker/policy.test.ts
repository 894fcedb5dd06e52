import { describe, expect, it } from 'vitest'
import { answerTo, cacheOf, outlived } from './policy'

const origin = 'https://school.example'

function asked(path: string, mode = 'cors', method = 'GET') {
  return answerTo({ method, mode, url: new URL(path, origin) }, origin)
}

describe('a request', () => {
  it.each(['/', '/index.html', '/join', '/c/7K3MQ2XA', '/k/5e-b%20sciences'])(
    'for the screen %s is answered with the page',
    (path) => expect(asked(path, 'navigate')).toBe('index'),
  )

  it.each(['/metrics', '/healthz', '/api/config', '/rtc', '/class', '/c/', '/c/a/b', '/sw.js'])(
    'that leads to %s goes to the server',
    (path) => expect(asked(path, 'navigate')).toBe('network'),
  )

  it.each(['/assets/index-abc.js', '/favicon.svg'])('for the file %s is kept', (path) =>
    expect(asked(path)).toBe('file'),
  )

  it.each([
    '/class/validate',
    '/rtc/validate',
    '/rtc/v1/validate',
    '/api/join',
    '/twirp/livekit.RoomService/ListRooms',
    '/metrics',
    '/sw.js',
    '/',
  ])('of the page for %s goes to the server', (path) => expect(asked(path)).toBe('network'))

  it('that writes goes to the server', () => expect(asked('/', 'navigate', 'POST')).toBe('network'))

  it('to another host is none of ours', () =>
    expect(asked('https://elsewhere.example/assets/index-abc.js')).toBe('network'))
})

describe('what is kept', () => {
  it('is this version and the one before', () =>
    expect(outlived(['preau-1', 'preau-2', 'preau-3'], '3')).toEqual(['preau-1']))

  it('is not judged where it is not ours', () =>
    expect(outlived(['fonts', 'preau-1', cacheOf('2')], '2')).toEqual([]))
})
