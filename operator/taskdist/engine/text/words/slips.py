"""Frequent slips in the small words that carry order and obligation."""

from __future__ import annotations

_TABLE = """
frist first; firts first; fisrt first; finaly finally; finnaly finally; finalyl finally; thne then; hten then; tehn then; thenn then; afterwords afterwards; aftewards afterwards; aftre after; afer after;
befor before; beofre before; bevor before; befroe before; adn and; nad and; annd and; teh the; hte the; onec once; wehn when; whne when; otherwhise otherwise; otherwize otherwise; oterwise otherwise;
paralel parallel; parralel parallel; parallell parallel; paralell parallel; seperately separately; seperatly separately; simultaniously simultaneously; simultanously simultaneously; meanwile meanwhile; meanwhle meanwhile;
pleas please; plese please; plz please; pls please; shoud should; shold should; shuold should; shuld should; neeed need; nedd need; nees needs; somone someone; somebdy somebody; somewone someone; untill until; whith with; wiht with;
evrything everything; everyting everything; eveything everything; becuase because; becasue because; beacuse because; cant can't; dont don't; doesnt doesn't; isnt isn't; havent haven't; hasnt hasn't; wont won't; shouldnt shouldn't; didnt didn't; arent aren't;
"""
SLIPS: dict[str, str] = {
    slip: meant
    for slip, _, meant in (entry.strip().partition(" ") for entry in _TABLE.replace("\n", " ").split(";"))
    if slip
}
