-- Sets fields of a thread: the time, or '' when there is no thread.
local retention, id = unpack(ARGV, 1, 2)
if redis.call('EXISTS', KEYS[THREAD]) == 0 then
  return ''
end
local at = now()
redis.call('HSET', KEYS[THREAD], 'updated', text(at), 'kept', '1', unpack(ARGV, 3))
keep(retention)
list(id, at, retention)
return text(at)
