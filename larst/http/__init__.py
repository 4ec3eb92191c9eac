"""HTTP: the application, its routes, and the way between aiohttp and the rooms.

The only package that imports aiohttp.
"""
