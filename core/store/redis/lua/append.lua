-- Adds a batch to the live run: 'ok', 'stop', 'lost' or 'gap'.
local token, retention, first, last, block, channel = unpack(ARGV)
if redis.call('GET', KEYS[LEASE]) ~= token then
  return 'lost'
end
local thread = redis.call('HMGET', KEYS[THREAD], 'seq', 'stop')
local seq = tonumber(thread[1] or '0')
if tonumber(first) > seq + 1 then
  return 'gap'
end
if tonumber(last) > seq then -- else the call is a repeated one whose answer got lost
  redis.call('XADD', KEYS[LIVE], last .. '-0', 'b', block)
  redis.call('HSET', KEYS[THREAD], 'seq', last)
  keep(retention)
  redis.call('PUBLISH', channel, last)
end
return thread[2] and 'stop' or 'ok'
