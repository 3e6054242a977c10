"""Scorecards of hospitals (医院考核) and their ranking (排名通报)."""
