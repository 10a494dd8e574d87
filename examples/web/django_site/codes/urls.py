"""The routes."""

from django.urls import path

from . import views

urlpatterns = [path("codes", views.send_code), path("healthz", views.healthz), path("readyz", views.readyz)]
