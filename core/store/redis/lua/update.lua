-- Sets fields of a thread: the time, or '' when there is no thread. The time may be
-- given, in microseconds; '' is now.
local retention, id, given = unpack(ARGV, 1, 3)
if redis.call('EXISTS', KEYS[THREAD]) == 0 then
  return ''
end
local at = tonumber(given) or now()
redis.call('HSET', KEYS[THREAD], 'updated', text(at), 'kept', '1', unpack(ARGV, 4))
keep(retention)
if given ~= '' and tonumber(retention) > 0 then
  for i = THREAD, SNAPSHOT do
    redis.call('PEXPIREAT', KEYS[i], text(math.floor(at / 1000) + tonumber(retention)))
  end
end
list(id, at, retention)
return text(at)
