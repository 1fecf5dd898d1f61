import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startClinicApi, type ClinicApi } from '../../src/demo/clinic-api.ts'

let api: ClinicApi

beforeEach(async () => {
  api = await startClinicApi()
})

afterEach(() => api.close())

interface Answer {
  readonly status: number
  readonly body: unknown
}

async function call(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(api.url + path, { method, ...init })
  expect(response.headers.get('content-type')).toBe('application/json')
  return { status: response.status, body: await response.json() }
}

function book(patient: string, at: string, headers: Record<string, string> = {}): Promise<Answer> {
  return call('POST', '/bookings', { body: JSON.stringify({ patient, at }), headers })
}

const ADA_TUESDAY = { id: 'B-1001', patient: 'P-1', at: 'Tuesday 10:30' }

describe('the patients', () => {
  it.each(['Ada Lovelace', 'ada', 'LOVELACE, Ada!'])('are found by %s', async (name) => {
    expect(await call('GET', `/patients?name=${encodeURIComponent(name)}`)).toEqual({
      status: 200,
      body: { items: [{ id: 'P-1', name: 'Ada Lovelace' }] },
    })
  })

  it.each(['', 'a', 'Ada Hopper', '%25'])('are not found by "%s"', async (name) => {
    expect(await call('GET', `/patients?name=${name}`)).toEqual({
      status: 200,
      body: { items: [] },
    })
  })

  it('are not listed without a name', async () => {
    expect((await call('GET', '/patients')).status).toBe(400)
  })
})

describe('booking', () => {
  it('takes the slot and counts references up', async () => {
    expect(await book('P-1', 'Tuesday 10:30')).toEqual({ status: 201, body: ADA_TUESDAY })
    expect(await book('P-2', 'Thursday 09:15')).toMatchObject({ body: { id: 'B-1002' } })
    expect(await call('GET', '/slots')).toEqual({
      status: 200,
      body: { items: [{ at: 'Wednesday 14:00' }] },
    })
  })

  it('refuses a slot that somebody else has', async () => {
    await book('P-1', 'Tuesday 10:30')
    expect(await book('P-2', 'Tuesday 10:30')).toEqual({
      status: 409,
      body: { error: 'Tuesday 10:30 is already taken' },
    })
  })

  it('gives a patient her own booking again, and offers her that time still', async () => {
    await book('P-1', 'Tuesday 10:30')
    expect(await book('P-1', 'Tuesday 10:30')).toEqual({ status: 200, body: ADA_TUESDAY })
    expect(await call('GET', '/bookings')).toEqual({ status: 200, body: { items: [ADA_TUESDAY] } })
    const { body } = await call('GET', '/slots?patient=P-1')
    expect(body).toHaveProperty('items.0', { at: 'Tuesday 10:30' })
  })

  it('answers a repeated Idempotency-Key with the first answer', async () => {
    const key = { 'idempotency-key': 'k1' }
    const first = await book('P-1', 'Tuesday 10:30', key)
    await call('DELETE', '/bookings/B-1001')
    expect(await book('P-1', 'Tuesday 10:30', key)).toEqual(first)
    expect(await call('GET', '/bookings')).toEqual({ status: 200, body: { items: [] } })
  })

  it('can be undone once', async () => {
    await book('P-1', 'Tuesday 10:30')
    expect(await call('DELETE', '/bookings/B-1001')).toEqual({
      status: 200,
      body: { id: 'B-1001', cancelled: true },
    })
    expect((await call('DELETE', '/bookings/B-1001')).status).toBe(404)
    expect(await book('P-1', 'Tuesday 10:30')).toMatchObject({ body: { id: 'B-1002' } })
  })

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['no object', 'null'],
    ['no slot', '{"patient":"P-1"}'],
    ['a slot that does not exist', '{"patient":"P-1","at":"Sunday"}'],
    ['a patient who does not exist', '{"patient":"P-9","at":"Tuesday 10:30"}'],
  ])('is refused with %s', async (_, body) => {
    const answer = await call('POST', '/bookings', { body })
    expect(answer).toMatchObject({ status: 400, body: { error: expect.any(String) as unknown } })
  })

  it('is refused with a body over 16 KiB', async () => {
    expect((await call('POST', '/bookings', { body: 'x'.repeat(100_000) })).status).toBe(413)
  })
})

describe('the clinic API', () => {
  it.each([
    ['GET', '/'],
    ['GET', '/bookings/B-1001'],
    ['DELETE', '/bookings'],
    ['DELETE', '/bookings/%E0%A4'],
    ['PUT', '/slots'],
  ])('has nothing at %s %s', async (method, path) => {
    expect((await call(method, path)).status).toBe(404)
  })

  it('survives a caller that leaves in the middle of a body', async () => {
    await new Promise<void>((resolve) => {
      const cut = request(`${api.url}/bookings`, {
        method: 'POST',
        headers: { 'content-length': 10 },
      })
      cut.on('error', () => resolve())
      cut.write('{"pa', () => cut.destroy(new Error('gone')))
    })
    expect((await call('GET', '/bookings')).status).toBe(200)
  })

  it('begins with an empty book each time', async () => {
    await book('P-1', 'Tuesday 10:30')
    const other = await startClinicApi()
    const response = await fetch(`${other.url}/bookings`)
    expect(await response.json()).toEqual({ items: [] })
    await other.close()
  })
})
