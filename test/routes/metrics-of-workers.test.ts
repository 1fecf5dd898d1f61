import { expect, test } from 'vitest'
import { createMetrics } from '../../src/observability/metrics.ts'
import { METRICS_INCOMPLETE } from '../../src/observability/worker-metrics.ts'
import { listeningApp } from '../support/listening-app.ts'

const scrape = async (sum: () => Promise<string>) => {
  const { url, lines } = await listeningApp({
    metrics: createMetrics({ tell: () => undefined, sum }),
  })
  const answer = await fetch(`${url}/metrics`)
  return { status: answer.status, text: await answer.text(), lines }
}

test('the metrics route of one worker answers with the sum over all', async () => {
  expect(await scrape(async () => 'the sum\n')).toMatchObject({ status: 200, text: 'the sum\n' })
})

test('the metrics route answers 503 when not all workers told their numbers', async () => {
  const incomplete = Object.assign(new Error('late'), { code: METRICS_INCOMPLETE })
  const { status, text } = await scrape(() => Promise.reject(incomplete))
  expect(status).toBe(503)
  expect(text).toContain('"code":"overloaded"')
  expect(text).toContain('Not every worker has told its numbers in time')
})

test('the metrics route logs what nobody foresaw', async () => {
  const { status, lines } = await scrape(() => Promise.reject(new Error('broken')))
  expect(status).toBe(500)
  expect(lines).toMatchObject([{ level: 'error' }])
})
