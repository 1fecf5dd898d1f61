import { expect, it } from 'vitest'
import { StoreOptions } from '../../src/store/options.ts'

const redis = (url: string) => StoreOptions.safeParse({ type: 'redis', url })

it.each([
  'redis://localhost',
  'redis://cache:6380/',
  'redis://cache/3',
  'rediss://user:pass@cache.example.com:6380/0',
  'redis://:p%40ss%2Fword@[::1]:6379',
])('a URL of Redis is accepted: %s', (url) => {
  expect(redis(url).data).toEqual({ type: 'redis', url, prefix: 'turnstate:' })
})

it.each([
  '',
  'localhost:6379',
  'cache.example.com:6379',
  'http://localhost:6379',
  'unix:///run/redis.sock',
  'redis://',
  'redis:///0',
  'redis:cache',
  'redis://cache:99999',
  'redis://cache/zero',
  'redis://cache/0/1',
  'redis://cache?db=1',
  'redis://cache#0',
  'redis://:secret%word@cache',
])('what is no URL of Redis is refused, and not quoted: %j', (url) => {
  const problems = redis(url).error?.issues.map((issue) => issue.message)
  expect(problems).toEqual([
    'must be a redis:// or rediss:// URL: redis://[user:password@]host[:port][/database], with special characters of the password percent-encoded',
  ])
})

it.each([
  ['clinic:', true],
  ['{tag}/', true],
  ['', false],
  ['two words', false],
  ['naïve:', false],
  ['x'.repeat(101), false],
])('a prefix of %j is accepted: %s', (prefix, isAccepted) => {
  const { success } = StoreOptions.safeParse({ type: 'redis', url: 'redis://cache', prefix })
  expect(success).toBe(isAccepted)
})
