import fc from 'fast-check'
import { expect } from 'vitest'
import { fakeEngine } from './fake-engine.ts'
import { listeningApp } from './listening-app.ts'

interface AnyRequests {
  readonly url: string
  readonly numRuns: number
}

/** Each is answered, or refused as OpenAI would, and what is made of it can be written down. */
export async function expectAnswersOrRefusals(
  bodies: fc.Arbitrary<unknown>,
  { url, numRuns }: AnyRequests,
): Promise<void> {
  const engine = fakeEngine()
  const { server } = await listeningApp({ engine })
  await fc.assert(
    fc.asyncProperty(bodies, async (body) => {
      const payload = JSON.stringify(body)
      const response = await server.inject({ method: 'POST', url, payload })
      if (response.statusCode === 200) return
      expect(response.statusCode).toBe(400)
      expect(response.json()).toMatchObject({
        error: {
          type: 'invalid_request_error',
          code: 'invalid_request',
          message: expect.any(String) as string,
        },
      })
    }),
    { numRuns },
  )
  // Some got through, or this would have tested only the front door.
  expect(engine.requests.length).toBeGreaterThan(100)
  for (const { messages, platformTools, parameters } of engine.requests) {
    expect(() => JSON.stringify({ messages, platformTools, parameters })).not.toThrow()
  }
}
